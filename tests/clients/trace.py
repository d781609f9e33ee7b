"""Makes a trace of a record: what a client sent, what came of it, and what of each reply it used later.

`trace.py RECORD > TRACE`. A record (`hubup sandbox serve --record`) holds what one world made up: ids, keys, tags, addresses. In a trace
each of these is a hole, `{{7}}`, and the reply that it came from says where: so a trace can be played in another world, and holds no
secret. Left out are sign-in, the calls of devices and about them, and proofs, which are made of what one world had said. `tests/it/sandbox/traces.rs` plays them.
"""

import json
import re
import sys

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Z])[A-Za-z0-9+/_-]{20,}={0,2}")
HOSTS = ("management.azure.com", "graph.microsoft.com", ".azure-devices-provisioning.net")
LINKS = ("location", "azure-asyncoperation")
KEPT = ("if-match", "if-none-match")
LEFT_OUT = ("/registrations/", "/verify?")


def host(exchange):
    return exchange["url"].split("/")[2]


def leaves(value, at=""):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{at}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{at}/{place}")
    elif isinstance(value, str):
        yield at, value


def told(exchange):
    """What a reply tells: where, and what."""
    for name in LINKS:
        if name in exchange["reply_headers"]:
            yield f"header:{name}", exchange["reply_headers"][name]
    yield from leaves(exchange["reply_body"])


def sent(exchange):
    headers = {name: value for name, value in exchange["headers"].items() if name in KEPT}
    return {"method": exchange["method"], "url": exchange["url"], "headers": headers, "body": exchange["body"]}


def main(path):
    with open(path) as file:
        exchanges = [json.loads(line) for line in file]
    exchanges = [it for it in exchanges if host(it).endswith(HOSTS) and not host(it).startswith("global.")
                 and not any(word in it["url"] for word in LEFT_OUT)]
    texts = [json.dumps(sent(it), ensure_ascii=False) for it in exchanges]
    holes, lines = {}, []
    said = ""
    for place, exchange in enumerate(exchanges):
        text = texts[place]
        for value, hole in sorted(holes.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(json.dumps(value, ensure_ascii=False)[1:-1], hole)
        line = {name: value for name, value in json.loads(text).items() if value}
        line["status"] = exchange["status"]
        said += texts[place]
        later = "".join(texts[place + 1:])
        # Short ones first: an address that only holds what is known already is nothing new.
        for where, value in sorted(told(exchange), key=lambda pair: len(pair[1])):
            rest = value
            for known in holes:
                rest = rest.replace(known, "")
            made_up = where.startswith("header:") or GUID.search(rest) or RANDOM.fullmatch(rest) or where.endswith("etag")
            quoted = json.dumps(value, ensure_ascii=False)[1:-1]
            if made_up and len(value) >= 8 and value not in holes and quoted not in said and quoted in later:
                holes[value] = "{{%d}}" % len(holes)
                line.setdefault("learn", {})[where] = holes[value]
        lines.append(line)
    for line in lines:
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1])
