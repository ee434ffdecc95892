"""Every way in which a token is bad, a subject a module."""

from .algorithm import ALGORITHM
from .base64 import BASE64
from .claims import AUDIENCE, CLAIMS, ISSUER, TIMES
from .form import FORM
from .header import HEADER
from .members import MEMBERS
from .signature import SIGNATURE
from .user import USER

ROWS = FORM | BASE64 | MEMBERS | HEADER | ALGORITHM | SIGNATURE
ROWS |= ISSUER | TIMES | AUDIENCE | CLAIMS | USER
