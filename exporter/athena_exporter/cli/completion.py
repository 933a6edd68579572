"""`athena-exporter completion`: the script that lets a shell complete commands, options and choices."""

import click
from click.shell_completion import get_completion_class

from athena_exporter.cli.usage import HELP

_PROGRAM = "athena-exporter"
_VARIABLE = "_ATHENA_EXPORTER_COMPLETE"
_INSTALL = {
    "bash": "athena-exporter completion bash > ~/.local/share/bash-completion/completions/athena-exporter",
    "zsh": "athena-exporter completion zsh > ~/.zfunc/_athena-exporter   # with fpath+=(~/.zfunc) before compinit",
    "fish": "athena-exporter completion fish > ~/.config/fish/completions/athena-exporter.fish",
}


@click.command(context_settings=dict(HELP))
@click.argument("shell", type=click.Choice(sorted(_INSTALL)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell: commands, options and their choices with the Tab key.

    \b
    eval "$(athena-exporter completion bash)"        for this session
    eval "$(athena-exporter completion zsh)"         the same in zsh, after compinit
    athena-exporter completion fish | source         the same in fish

    The script's first line says how to keep it. Exit codes: 0 printed, 2 wrong usage.
    """  # noqa: D301  # \b is click's mark for "keep these lines"
    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover  # click knows each shell that _INSTALL names
        raise click.UsageError(f"no completion for {shell}", ctx)
    script = kind(ctx.find_root().command, {}, _PROGRAM, _VARIABLE)
    # What `source` adds to this is a test of the installed bash, whose answer says nothing of the shell that asks.
    text = script.source_template % script.source_vars()
    # zsh looks for #compdef on the first line.
    first, _, rest = text.partition("\n")
    hint = f"# To keep it: {_INSTALL[shell]}"
    click.echo(f"{first}\n{hint}\n{rest}" if shell == "zsh" else f"{hint}\n{text}")
