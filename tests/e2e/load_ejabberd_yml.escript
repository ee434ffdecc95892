#!/usr/bin/env escript
%% Whether ejabberd takes configurations, by its own loader, without starting it: a line for each, "taken" or why not.
main([Ebin | Files]) ->
    code:add_patha(Ebin),
    [code:add_pathz(Path) || Path <- filelib:wildcard(code:lib_dir() ++ "/*/ebin")],
    [code:add_pathz(Path) || Path <- filelib:wildcard("/usr/lib/*/erlang/lib/*/ebin")],
    logger:set_primary_config(level, none),
    [application:ensure_all_started(App) || App <- [crypto, fast_yaml, p1_utils, xmpp, idna]],
    [application:load(App) || App <- [ejabberd, mnesia]],
    mnesia:start(),
    [io:format("~s~n", [loaded(File)]) || File <- Files].

loaded(File) ->
    os:putenv("EJABBERD_CONFIG_PATH", File),
    catch ets:delete(ejabberd_options),
    case catch ejabberd_config:load() of
        ok -> "taken";
        {error, Reason, _} when is_tuple(Reason) -> atom_to_list(element(1, Reason));
        _ -> "error"
    end.
