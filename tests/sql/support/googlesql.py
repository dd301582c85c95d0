"""GoogleSQL, the parser and analyser that BigQuery is built on, compiled to WebAssembly.

The analyser wants to know the tables: each one that a statement names has the columns of an incremental manifest if it is
named like one, else those of DATA. A column that is in neither is an error, as it is in a warehouse.
"""

from pathlib import Path

import wasmtime
from zetasql.core import wasm_client
from zetasql.core.exceptions import ServerError

MANIFEST = {"model": "STRING", "first_success": "TIMESTAMP", "last_success": "TIMESTAMP"}
DATA = {
    "view_id": "STRING",
    "session_identifier": "STRING",
    "user_identifier": "STRING",
    "start_tstamp": "TIMESTAMP",
    "start_tstamp_date": "DATE",
    "derived_tstamp": "TIMESTAMP",
    "page_views": "INT64",
    "day": "DATE",
}
# The catalogue's own view of columns.
COLUMNS = {"table_name": "STRING", "column_name": "STRING", "ordinal_position": "INT64", "data_type": "STRING"}


def keep_compiled_code(folder):
    """Compiling takes half a minute, and is the same every time."""
    settings = Path(folder, "cache.toml")
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'[cache]\ndirectory = "{Path(folder).resolve()}"\n')

    class Config(wasmtime.Config):
        def __init__(self):
            super().__init__()
            self.cache = str(settings)

    wasm_client.Config = Config


class Judge:
    """Judges statements; also those of its scripting language."""

    def __init__(self, folder):
        keep_compiled_code(folder)
        from zetasql import types
        from zetasql.api import Analyzer, Parser, TableBuilder

        self.types, self.analyzer, self.parser, self.builder = types, Analyzer, Parser, TableBuilder
        self.language = types.LanguageOptions.maximum_features()
        self.language.product_mode = types.ProductMode.PRODUCT_EXTERNAL
        self.analysed = set()
        self.language.supported_statement_kinds = [kind for kind in types.ResolvedNodeKind if kind.name.endswith("_STMT")]

    def judge(self, _dialect, script):
        try:
            parsed = self.parser.parse_script_static(script, self.language)
            for sql in self.to_analyse(parsed, script.encode()):
                self.analyse(sql)
        except ServerError as error:
            return str(error)
        return None

    def to_analyse(self, node, text):
        """The statements and conditions within a script, which the analyser takes one by one."""
        types = self.types
        if isinstance(node, types.ASTStatement) and not isinstance(node, types.ASTScriptStatement):
            yield cut(text, node, self.clone_as_copy(node))
        elif isinstance(node, types.ASTExpression):
            yield "select " + cut(text, node)
        else:
            for child in self.children(node):
                yield from self.to_analyse(child, text)

    def clone_as_copy(self, node):
        """The analyser knows a table's copy, but not its clone; both are written alike."""
        sources = [child for child in self.children(node) if isinstance(child, self.types.ASTCloneDataSource)]
        if not isinstance(node, self.types.ASTCreateTableStatement):
            return None
        return next((source.parse_location_range.start for source in sources), None)

    def analyse(self, sql):
        # Scripts are judged whole after their statements.
        if sql in self.analysed:
            return
        statement = self.parser.parse_statement_static(sql, self.language)
        catalog = self.catalog(set(self.paths(statement)))
        options = self.types.AnalyzerOptions(language_options=self.language)
        self.analyzer(options, catalog).analyze_statement(sql)
        self.analysed.add(sql)

    def paths(self, node):
        """Everything that could be the name of a table: a column is never that long."""
        if isinstance(node, self.types.ASTPathExpression):
            names = tuple(name.id_string for name in node.names)
            if len(names) == 3 or names[2:] == ("INFORMATION_SCHEMA", "COLUMNS"):
                yield names
        for child in self.children(node):
            yield from self.paths(child)

    def catalog(self, paths):
        root = self.types.SimpleCatalog(name="root")
        root.builtin_function_options = self.types.ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        for *folders, table in sorted(paths):
            place = root
            for folder in folders:
                place = inner(self.types, place, folder)
            place.table = [*(place.table or []), self.table(table)]
        return root

    def table(self, name):
        table = self.builder(name)
        columns = MANIFEST if name.endswith("manifest") else COLUMNS if name == "COLUMNS" else DATA
        for column, kind in columns.items():
            table.add_column(column, self.types.TypeKind[f"TYPE_{kind}"])
        return table.build()

    def children(self, node):
        for value in vars(node).values():
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, self.types.ASTNode):
                    yield child


def inner(types, catalog, name):
    """The catalog of this name within another one."""
    for known in catalog.catalog or []:
        if known.name == name:
            return known
    new = types.SimpleCatalog(name=name)
    catalog.catalog = [*(catalog.catalog or []), new]
    return new


def cut(text, node, clone_source=None):
    """A node's text; positions are those of bytes."""
    start, end = node.parse_location_range.start, node.parse_location_range.end
    if clone_source is None:
        return text[start:end].decode()
    head = text[start:clone_source].decode().rstrip()
    return head[: -len("clone")] + "copy " + text[clone_source:end].decode()
