"""Why these tests exist: a completion script that a shell can't read breaks every new terminal."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from athena_exporter.cli import main


def script(shell: str) -> str:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_script_says_how_to_keep_it_and_asks_the_right_program(shell: str) -> None:
    text = script(shell)
    assert f"# To keep it: athena-exporter completion {shell}" in text
    assert f"_ATHENA_EXPORTER_COMPLETE={shell}_complete" in text


def test_zsh_finds_its_mark_on_the_first_line() -> None:
    assert script("zsh").splitlines()[0] == "#compdef athena-exporter"


@pytest.mark.skipif(shutil.which("bash") is None, reason="asks a real bash, and this machine has none")
def test_bash_completes_a_command_by_the_script(tmp_path: Path) -> None:
    program = tmp_path / "athena-exporter"
    asked = (
        f"{script('bash')}\nCOMP_WORDS=(athena-exporter iam); COMP_CWORD=1; "
        "_athena_exporter_completion athena-exporter; printf '%s' \"${COMPREPLY[*]}\""
    )
    (tmp_path / "ask.sh").write_text(asked)
    run = 'from athena_exporter.cli import main; main(prog_name="athena-exporter")'
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{run}' \"$@\"\n")
    program.chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    found = subprocess.run(
        ["bash", os.fspath(tmp_path / "ask.sh")], env=environ, capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout == "iam-policy"


def test_an_unknown_shell_is_refused_with_those_there_are() -> None:
    result = CliRunner().invoke(main, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "bash" in result.stderr


@pytest.mark.parametrize("command", ["check", "verify", "iam-policy", "completion"])
def test_the_help_teaches_by_examples_and_tells_the_exit_codes(command: str) -> None:
    text = CliRunner().invoke(main, [command, "--help"]).stdout
    assert f"athena-exporter {command}" in text
    assert "Exit codes:" in text
    assert "\b" not in text
