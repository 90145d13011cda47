"""Writes the types of the Python package's events from their schema.

python3 scripts/event_types.py            writes packaging/python/emoscope/events.py
python3 scripts/event_types.py --check    exit code 1 if that file is not up to date
"""

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "tests" / "schema" / "event.json").read_text())
TARGET = ROOT / "packaging" / "python" / "emoscope" / "events.py"
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
HEAD = '''"""Types of the events, written by scripts/event_types.py from their schema."""

from typing import Literal, NotRequired, TypedDict
'''


def title(name: str) -> str:
    """The name of a class."""
    return name.title().replace("_", "")


def literal(values: list[Any]) -> str:
    """JSON values as a type."""
    texts = [json.dumps(value) for value in values if value is not None]
    words = {"true": "True", "false": "False"}
    text = f"Literal[{', '.join(words.get(text, text) for text in texts)}]"
    return f"{text} | None" if None in values else text


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A property with its reference resolved. Its own description has priority."""
    if "$ref" not in schema:
        return schema
    return {**SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]], **schema}


def annotation(name: str, schema: dict[str, Any], nested: list[str]) -> str:
    """The type of a property; classes that it needs are added to `nested`."""
    schema = resolved(schema)
    if "const" in schema:
        return literal([schema["const"]])
    if "enum" in schema:
        return literal(schema["enum"])
    if schema["type"] == "array":
        return f"list[{annotation(name, schema['items'], nested)}]"
    if schema["type"] != "object":
        return SCALARS[schema["type"]]
    if isinstance(values := schema["additionalProperties"], dict):
        return f"dict[str, {annotation(name, values, nested)}]"
    nested.append(typed(title(name), schema, nested))
    return title(name)


def documentation(text: str, indent: str) -> str:
    """A docstring of lines of at most 100 characters."""
    if len(indent) + len(text) + 6 <= 100:
        return f'{indent}"""{text}"""'
    lines = textwrap.wrap(f'"""{text}', 100 - len(indent))
    return "\n".join(indent + line for line in [*lines, '"""'])


def typed(name: str, schema: dict[str, Any], nested: list[str]) -> str:
    """A class for an object."""
    lines = [f"class {name}(TypedDict):", documentation(schema["description"], "    "), ""]
    for key, value in schema["properties"].items():
        text = annotation(key, value, nested)
        if key not in schema["required"]:
            text = f"NotRequired[{text}]"
        line = f"    {key}: {text}"
        if len(line) > 100:
            inner = text.removeprefix("NotRequired[").removesuffix("]")
            line = f"    {key}: NotRequired[\n        {inner}\n    ]"
        lines.append(line)
        if description := resolved(value).get("description"):
            lines.append(documentation(description, "    "))
    return "\n".join(lines)


def module() -> str:
    """The text of the file."""
    kinds = [reference["$ref"].rsplit("/", 1)[1] for reference in SCHEMA["oneOf"]]
    classes = []
    for kind in kinds:
        nested: list[str] = []
        text = typed(title(kind), SCHEMA["$defs"][kind], nested)
        classes += [*nested, text]
    union = "\n    | ".join(title(kind) for kind in kinds)
    return "\n\n".join([HEAD, *(text + "\n" for text in classes), f"Event = (\n    {union}\n)\n"])


def main() -> int:
    """Exit code 0, or 1 where --check finds the file not up to date."""
    text = module()
    if sys.argv[1:] == ["--check"]:
        if TARGET.read_text() == text:
            return 0
        print(f"{TARGET}: not up to date. Try: python3 scripts/event_types.py", file=sys.stderr)
        return 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
