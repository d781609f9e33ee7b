"""A second reading of Microsoft's specifications: their generated clients, read back into OpenAPI 2.0.

`specification.py FOLDER PACKAGE...` writes one file for each package: what it sends, what it takes for an answer, and the models of
both. For versions whose own files are not at hand; the check of conformance reads these like any other.
"""

import ast
import datetime
import enum
import importlib
import inspect
import json
import pathlib
import sys
import typing

UNKNOWN = {}  # a schema that says nothing


class Unnamed:
    """Types that are only another form of a model."""

    def __getattr__(self, name):
        return typing.Any


def schema_of(kind, form=None):
    """The schema of an annotation."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:
        kinds = [one for one in arguments if one is not type(None)]
        words = [one for one in kinds if inspect.isclass(one) and issubclass(one, enum.Enum)]
        return schema_of(words[0] if words else kinds[0], form)
    if origin is typing.Literal:
        value = arguments[0]
        return {"type": "string", "enum": [value.value if isinstance(value, enum.Enum) else value]}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0], form)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], form)}
    if not inspect.isclass(kind):
        return UNKNOWN
    if issubclass(kind, enum.Enum):
        return {"type": "string", "enum": [word.value for word in kind]}
    if is_model(kind):
        return {"$ref": f"#/definitions/{kind.__name__}"}
    if issubclass(kind, datetime.datetime):
        # The other form is that of HTTP, which OpenAPI has no name for.
        return {"type": "string"} if form == "rfc7231" else {"type": "string", "format": "date-time"}
    plain = {bool: {"type": "boolean"}, int: {"type": "integer"}, float: {"type": "number"}, bytes: {"type": "string"}}
    return plain.get(kind, {"type": "string"} if kind is str else UNKNOWN)


def is_model(kind):
    """Whether a class is a model of its package, and not what all models come from."""
    return inspect.isclass(kind) and any(base.__name__ == "_MyMutableMapping" for base in kind.__mro__) and kind.__module__.endswith("._models")


def definition_of(model, models):
    """The schema of a model, with everything that it inherits."""
    model.__new__(model)  # names its fields
    hints = {}
    for base in reversed(model.__mro__):
        if "__annotations__" in base.__dict__:
            names = {**vars(sys.modules[base.__module__]), "_models": models}
            hints.update({
                name: eval(told, names) if isinstance(told, str) else resolved(told, names)
                for name, told in base.__annotations__.items()
            })
    properties, required, discriminator = {}, [], None
    for name, field in model._attr_to_rest_field.items():
        kind = hints[name]
        told = dict(schema_of(kind, field._format))
        visible = field._visibility or []
        if visible == ["read"]:
            told = {"allOf": [told], "readOnly": True} if "$ref" in told else {**told, "readOnly": True}
        elif visible and "update" not in visible:
            told = {**told, "x-ms-mutability": [word for word in visible if word in ("read", "create", "update")]}
        properties[field._rest_name] = told
        if type(None) not in typing.get_args(kind):
            required.append(field._rest_name)
        if field._is_discriminator:
            discriminator = field._rest_name
    definition = {"type": "object", "properties": properties, "required": required}
    base = next((base for base in model.__mro__[1:] if discriminator and discriminator in fields_of(base)), None)
    if base is not None:
        definition["allOf"] = [{"$ref": f"#/definitions/{base.__name__}"}]
        value = next(value for value, kind in base.__mapping__.items() if kind is model)
        definition["x-ms-discriminator-value"] = value
        properties.pop(discriminator)
    elif discriminator:
        properties[discriminator] = {"type": "string"}
        definition["discriminator"] = discriminator
    return definition


def fields_of(model):
    if not is_model(model):
        return []
    model.__new__(model)
    return [field._rest_name for field in model._attr_to_rest_field.values() if field._is_discriminator]


def resolved(kind, names):
    """An annotation with its forward references followed."""
    if isinstance(kind, typing.ForwardRef):
        return eval(kind.__forward_arg__, names)
    arguments = typing.get_args(kind)
    if not arguments or typing.get_origin(kind) is typing.Literal:
        return kind
    arguments = tuple(resolved(eval(one, names) if isinstance(one, str) else one, names) for one in arguments)
    origin = typing.get_origin(kind)
    return typing.Union[arguments] if origin is typing.Union else origin[arguments]


def called(node, name):
    """The calls of a function below a node."""
    return [
        one for one in ast.walk(node)
        if isinstance(one, ast.Call) and getattr(one.func, "id", getattr(one.func, "attr", "")) == name
    ]


def request_of(builder):
    """Method, path, version and parameters of a function that builds a request."""
    request, parameters, path = {}, [], None
    for node in ast.walk(builder):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if getattr(target, "id", "") == "_url":
                path = node.value.value
    for call in called(builder, "HttpRequest"):
        request["method"] = next(word.value.value for word in call.keywords if word.arg == "method").lower()
    for call in called(builder, "pop"):
        if isinstance(call.args[0], ast.Constant) and call.args[0].value == "api_version":
            request["version"] = call.args[1].args[1].value
    optional = {id(inner) for node in ast.walk(builder) if isinstance(node, ast.If) for inner in ast.walk(node)}
    for node in ast.walk(builder):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Subscript):
            continue
        held, name = getattr(node.targets[0].value, "id", ""), node.targets[0].slice
        place = {"_params": "query", "_headers": "header"}.get(held)
        if place and isinstance(name, ast.Constant) and name.value not in ("Accept", "Content-Type"):
            parameters.append({
                "name": name.value, "in": place, "type": "string", "required": id(node) not in optional,
            })
    for call in called(builder, "url"):
        rules = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
        holder = next((
            key.value for node in ast.walk(builder) if isinstance(node, ast.Dict)
            for key, value in zip(node.keys, node.values) if value is call
        ), None)
        if holder:
            names = {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"}
            rules = {names[name]: rule for name, rule in rules.items() if name in names}
            parameters.append({"name": holder, "in": "path", "type": "string", "required": True, **rules})
    return path, request, parameters


def replies_of(method, final, models):
    """What an operation takes for an answer. `final` is where the end of a long one is read."""
    names = {"_models": models, "List": list, "Any": typing.Any, "JSON": dict}
    statuses = next((
        [one.value for one in node.comparators[0].elts]
        for node in ast.walk(method)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.NotIn) and "status_code" in ast.unparse(node.left)
    ), [])
    body = None
    for call in called(final, "_deserialize"):
        told = schema_of(eval(ast.unparse(call.args[0]), names))
        listed = len(call.args) > 1 and '"value"' in ast.unparse(call.args[1]).replace("'", '"')
        body = {"type": "object", "required": ["value"], "properties": {"value": told, "nextLink": {"type": "string"}}} if listed else told
    replies = {}
    for status in statuses:
        reply = {}
        if status != 204 and body is not None:
            # Of what is only accepted nobody reads the body.
            reply["schema"] = UNKNOWN if status == 202 else body
        elif status == 202:
            reply["schema"] = UNKNOWN
        replies[str(status)] = reply
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            if getattr(node.targets[0].value, "id", "") == "response_headers":
                of = [
                    one.test.comparators[0].value for one in ast.walk(method)
                    if isinstance(one, ast.If) and "status_code ==" in ast.unparse(one.test) and node in ast.walk(one)
                ]
                for status in of or statuses:
                    replies[str(status)].setdefault("headers", {})[node.targets[0].slice.value] = {"type": "string"}
    for call in called(method, "_failsafe_deserialize"):
        replies["default"] = {"schema": schema_of(eval(ast.unparse(call.args[0]), names))}
    return replies


def specification_of(package):
    models = importlib.import_module(f"{package}.models")
    hidden = importlib.import_module(f"{package}.models._models")
    found = [model for _, model in inspect.getmembers(hidden, is_model)]
    tree = ast.parse(inspect.getsource(importlib.import_module(f"{package}.operations._operations")))
    builders = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("build_")}
    paths, versions = {}, []
    for group in [node for node in tree.body if isinstance(node, ast.ClassDef)]:
        methods = {node.name: node for node in group.body if isinstance(node, ast.FunctionDef)}
        for name, method in methods.items():
            names = [name for name in builders if called(method, name)]
            if not names:
                continue
            path, request, parameters = request_of(builders[names[0]])
            if any(whole in path for whole in ("{scope}", "{resourceId}", "{parentResourcePath}")):
                continue  # a hole of many segments is none that OpenAPI has
            long = name.startswith("_") and name.endswith("_initial")
            final = methods.get("begin_" + name[1:-len("_initial")], method) if long else method
            sent = next((
                call.args[0].id for call in called(method, "dumps") if isinstance(call.args[0], ast.Name)
            ), None)
            for argument in method.args.args:
                if argument.arg == sent:
                    told = eval(ast.unparse(argument.annotation), {
                        "_models": models, "_types": Unnamed(), "Union": typing.Union, "Optional": typing.Optional, "IO": typing.IO, "Any": typing.Any, "JSON": dict, "List": list,
                    })
                    required = "Optional" not in ast.unparse(argument.annotation)
                    parameters.append({"name": sent, "in": "body", "required": required, "schema": schema_of(told)})
            operation = {"operationId": f"{group.name}_{name}", "parameters": parameters, "responses": replies_of(method, final, models)}
            if long:
                operation["x-ms-long-running-operation"] = True
            if request.get("version"):
                versions.append(request["version"])
            paths.setdefault(path, {})[request["method"]] = operation
    version = max(set(versions), key=versions.count)
    return {
        "swagger": "2.0", "host": "management.azure.com",
        "info": {"title": package, "version": version, "description": "Read back from the generated client."},
        "paths": paths, "definitions": {model.__name__: definition_of(model, models) for model in found},
    }


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for package in sys.argv[2:]:
        told = specification_of(package)
        (folder / f"{package}-{told['info']['version']}.json").write_text(json.dumps(told, indent=1))
        print(package, told["info"]["version"], len(told["paths"]), "paths", len(told["definitions"]), "models")
