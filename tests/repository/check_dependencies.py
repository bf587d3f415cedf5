"""Every #include and every CMake link edge against dependency_table.py."""

import cmake_source
import cpp_source
import dependency_table

SOURCE_SUFFIXES = (".h", ".cc")
_SECTIONS = {
    "weir_add_module": ("SOURCES", "DEPENDS", "EXTERNAL"),
    "weir_add_connector": ("SOURCES", "EXTERNAL"),
    "weir_add_program": ("SOURCES", "DEPENDS", "EXTERNAL", "DESTINATION"),
    "weir_add_test_binary": ("SOURCES", "DEPENDS", "EXTERNAL", "LABELS", "TIMEOUT", "PROGRAMS", "SERIAL"),
}
_LINK_SCOPES = ("PUBLIC", "PRIVATE", "INTERFACE", "LINK_PUBLIC", "LINK_PRIVATE", "LINK_INTERFACE_LIBRARIES")
# Linker words that name no library.
_LINKER_OPTIONS = ("-Wl,", "-static", "-rdynamic")


def module_of(path, table=dependency_table):
    """The module a file belongs to: the longest listed folder above it; None if its folder has to be listed."""
    folders = path.split("/")[:-1]
    for length in range(len(folders), 0, -1):
        name = "/".join(folders[:length])
        if name in table.MODULES:
            in_closed_folder = name in table.CLOSED_FOLDERS and length < len(folders)
            return None if in_closed_folder else name
    return None


def is_module_file(path, table=dependency_table):
    return path.split("/")[0] in {name.split("/")[0] for name in table.MODULES}


def check_includes(tree, table=dependency_table):
    violations = []
    public_headers = _public_headers(tree)
    for path in tree.with_suffix(*SOURCE_SUFFIXES):
        if not is_module_file(path, table):
            violations.append(f"{path}: is under no folder of the dependency table")
            continue
        module = module_of(path, table)
        if module is None:
            violations.append(f"{path}: its folder is not in the dependency table")
            continue
        for include in cpp_source.includes(tree.text(path)):
            complaint = _complaint_about_include(tree, table, public_headers, path, module, include)
            if complaint:
                violations.append(f"{path}:{include.line}: {complaint}")
    return violations


def _public_headers(tree):
    """What can stand behind `<weir/…>`: the path as included, and the file."""
    result = {}
    for path in tree.with_suffix(".h"):
        before, found, after = path.partition("/include/")
        if found and (before == "sdk" or before.startswith("connectors/")):
            result[after] = path
    return result


def _complaint_about_include(tree, table, public_headers, path, module, include):
    if include.form == "?":
        return "an #include behind a macro cannot be checked"
    if include.path.startswith("weir/"):
        return _complaint_about_public_header(table, public_headers, module, include)
    if include.form == '"':
        return _complaint_about_private_header(tree, table, module, include.path)
    if include.path in table.STANDARD_HEADERS:
        return None
    return _complaint_about_library(table, path, module, include.path)


def _complaint_about_public_header(table, public_headers, module, include):
    if include.form != "<":
        return f"public headers are included as <{include.path}>"
    if include.path not in public_headers:
        return f"<{include.path}> is no header of the SDK or a connector"
    target = module_of(public_headers[include.path], table)
    if table.MODULES[module].public_headers_only and "/internal/" in include.path and target != module:
        return f"{module} sees only what a job author sees, not <{include.path}>"
    return _complaint_about_edge(table, module, target, f"<{include.path}>")


def _complaint_about_private_header(tree, table, module, included):
    if included not in tree:
        generated_from = included.replace(".grpc.pb.h", ".pb.h").replace(".pb.h", ".proto")
        if not included.endswith(table.GENERATED_SUFFIXES) or generated_from not in tree:
            return f'"{included}" is no file of the tree (private headers are included by path from the root)'
    if "/include/weir/" in included:
        return f'"{included}" is public: include it as <weir/…>'
    target = module_of(included, table)
    if target is None:
        return f'"{included}" is in a folder that the dependency table does not list'
    return _complaint_about_edge(table, module, target, f'"{included}"')


def _complaint_about_edge(table, module, target, what):
    uses = table.MODULES[module].uses
    if target == module or uses == table.ANY or target in uses:
        return None
    return f"{module} may not use {target} ({what})"


def _library_of_header(table, header):
    for name, library in table.LIBRARIES.items():
        if any(header == prefix or prefix.endswith("/") and header.startswith(prefix) for prefix in library.headers):
            return name
    return None


def _complaint_about_library(table, path, module, header):
    entry = table.MODULES[module]
    if header in (allowed for allowed, _ in entry.headers):
        return None
    name = _library_of_header(table, header)
    if name is None:
        return f"<{header}> belongs to no library of the dependency table"
    if entry.libraries != table.ANY and name not in entry.libraries:
        return f"{module} may not use the library {name} (<{header}>)"
    heavy = table.LIBRARIES[name].only_in_sources and entry.libraries != table.ANY
    if heavy and path.endswith(".h") and path not in table.HEAVY_HEADERS_ALLOWED:
        return f"<{header}> is costly to parse: include it in .cc files only"
    return None


def check_links(tree, table=dependency_table):
    """Reads every CMakeLists.txt below a module folder."""
    files = [path for path in tree.paths if path.endswith("CMakeLists.txt") and is_module_file(path, table)]
    targets, edges, violations = {}, [], []
    for path in files:
        module = module_of(path, table)
        if module is None:
            violations.append(f"{path}: its folder is not in the dependency table")
            continue
        for command in cmake_source.commands(tree.text(path)):
            _read_command(command, path, module, targets, edges)
    for path, line, module, item in edges:
        complaint = _complaint_about_link(table, targets, module, item)
        if complaint:
            violations.append(f"{path}:{line}: {complaint}")
    return violations


def _read_command(command, path, module, targets, edges):
    """Adds the targets a command defines and the edges (path, line, module, item) it makes."""
    items = []
    name = command.arguments[0] if command.arguments else ""
    if command.name in _SECTIONS:
        sections = _SECTIONS[command.name]
        items += [f"weir_{used}" for used in command.after("DEPENDS", sections)]
        items += command.after("EXTERNAL", sections)
        for target in _targets_of(command.name, name):
            targets[target] = module
        if command.name == "weir_add_connector":
            items.append("weir_sdk")
    elif command.name == "weir_add_job":
        targets[name] = module
        items.append("weir_sdk")
    elif command.name in ("add_library", "add_executable"):
        targets[name] = module
    elif command.name == "target_link_libraries":
        items += [item for item in command.arguments[1:] if item not in _LINK_SCOPES]
    edges += [(path, command.line, module, item) for item in items]


def _targets_of(function, name):
    if function == "weir_add_module":
        return f"weir_{name}", f"weir::{name}"
    if function == "weir_add_connector":
        return f"weir_connector_{name}", f"weir::{name}"
    return (name,)


def _complaint_about_link(table, targets, module, item):
    if item.startswith(_LINKER_OPTIONS):
        return None
    item = item.replace("$<BUILD_INTERFACE:", "").replace("$<LINK_ONLY:", "").rstrip(">")
    if item in table.NEUTRAL_LINK_ITEMS:
        return None
    if item in targets:
        return _complaint_about_edge(table, module, targets[item], f"links {item}")
    names = [name for name, library in table.LIBRARIES.items() if item in library.link_items]
    if not names:
        return f"links {item}, which is neither a target of ours nor in the dependency table"
    libraries = table.MODULES[module].libraries
    if libraries == table.ANY or any(name in libraries for name in names):
        return None
    return f"{module} may not link {item} (library {names[0]})"
