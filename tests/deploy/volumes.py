"""The volumes of a pod as folders, filled as the kubelet fills them."""

import base64
import os
import time


class Volumes:
    def __init__(self, folder, items, user, existing):
        self.folder, self.items, self.user, self.existing = folder, items, user, existing

    def data(self, kind, name):
        if name in self.existing:
            return self.existing[name]
        item = next(item for item in self.items if item["kind"] == kind and item["metadata"]["name"] == name)
        if kind == "ConfigMap":
            return {key: text.encode() for key, text in item["data"].items()}
        return {key: base64.b64decode(text) for key, text in item["data"].items()}

    def files(self, volume):
        """Path and contents of what a volume brings."""
        if "configMap" in volume:
            yield from self.chosen("ConfigMap", volume["configMap"])
        if "secret" in volume:
            source = volume["secret"]
            yield from self.chosen("Secret", {**source, "name": source["secretName"]})
        for source in volume.get("projected", {}).get("sources", []):
            for key, kind in ("configMap", "ConfigMap"), ("secret", "Secret"):
                if key in source:
                    yield from self.chosen(kind, source[key])

    def chosen(self, kind, source):
        data = self.data(kind, source["name"])
        items = source.get("items") or [{"key": key, "path": key} for key in data]
        return [(item["path"], data[item["key"]]) for item in items]

    def make(self, volume):
        place = self.folder / volume["name"]
        place.mkdir(parents=True)
        self.project(volume)
        if "emptyDir" in volume or len(volume) == 1:
            # Nobody's but of the group, and so its mode cannot be changed.
            os.chown(place, 0, self.user)
            place.chmod(0o2775)

    def project(self, volume):
        """All files at once: in a folder of their own, to which one link is turned."""
        mode = next((v["defaultMode"] for v in volume.values() if isinstance(v, dict) and "defaultMode" in v), 0o644)
        place = self.folder / volume["name"]
        folder = place / f"..{time.monotonic_ns()}"
        for path, contents in self.files(volume):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents)
            os.chown(file, 0, self.user)
            file.chmod(mode)
        if folder.exists():
            (place / "..new").symlink_to(folder.name)
            (place / "..new").rename(place / "..data")
            for name in {path.name for path in folder.iterdir()} - {path.name for path in place.iterdir()}:
                (place / name).symlink_to(f"..data/{name}")
