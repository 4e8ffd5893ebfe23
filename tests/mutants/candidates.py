# SPDX-License-Identifier: MIT
"""What can be broken in a C file, by its syntax tree (libclang): see mutants.

A mutant replaces a few bytes by others, on the same lines. Operators: negate (a condition), unchecked (the
branch of an error check is never taken), boundary (< for <=), logic (&& for ||), constant (one more),
uncalled (a call that is a statement), swapped (two arguments of one type).
"""

import collections
import glob

from clang.cindex import Config, CursorKind, Index, TypeKind

Config.set_library_file("/usr/lib/llvm-14/lib/libclang-14.so.1")
Mutant = collections.namedtuple("Mutant", "file begin end text operator line")

FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", '-DDOVETAP_VERSION=""', "-include", "userspace/base/banned.h",
         "-Iinclude", "-Iuserspace", "-isystem", ".output/gen",
         "-isystem", glob.glob("/usr/lib/llvm-14/lib/clang/14*/include")[0]]
BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
LOGIC = {"&&": "||", "||": "&&"}
# Of these it does not matter which argument comes first, at least where the sign does not count.
SYMMETRIC = {"slice_equal", "slice_equal_nocase", "calloc"}
SYMMETRIC_IF_EQUAL = {"strcmp", "strncmp", "strcasecmp", "strncasecmp", "memcmp", "memcasecmp"}
LEAVING = (CursorKind.RETURN_STMT, CursorKind.GOTO_STMT, CursorKind.BREAK_STMT, CursorKind.CONTINUE_STMT)


class File:
    """Finds the mutants of one file."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.source = file.read()
        self.found = []
        self.called = None  # the function whose argument, but for its conversion, is looked at

    def text(self, cursor):
        return self.source[cursor.extent.start.offset:cursor.extent.end.offset].decode()

    def add(self, operator, begin, end, text):
        line = self.source.count(b"\n", 0, begin) + 1
        whole = self.source.splitlines()[line - 1]
        if b"assert" not in whole and not whole.startswith(b"#"):
            self.found.append(Mutant(self.path, begin, end, text, operator, line))

    def replace(self, operator, cursor, text):
        self.add(operator, cursor.extent.start.offset, cursor.extent.end.offset, text)

    def condition(self, cursor, condition):
        text = self.text(condition)
        self.replace("negate", condition, f"!({text})")
        children = list(cursor.get_children())
        if cursor.kind == CursorKind.IF_STMT and len(children) == 2 and self.leaves(children[1]):
            self.replace("unchecked", condition, f"(({text}) && 0)")

    def leaves(self, branch):
        if branch.kind == CursorKind.COMPOUND_STMT:
            children = list(branch.get_children())
            return bool(children) and self.leaves(children[-1])
        return branch.kind in LEAVING

    def binary(self, cursor):
        left, right = cursor.get_children()
        begin, end = left.extent.end.offset, right.extent.start.offset
        sign = self.source[begin:end].decode().strip()
        for operator, table in (("boundary", BOUNDARY), ("logic", LOGIC)):
            if sign in table:
                at = self.source.index(sign.encode(), begin)
                self.add(operator, at, at + len(sign), table[sign])

    def constant(self, cursor, parent):
        text = self.text(cursor)
        if self.called == "calloc":
            return  # more memory than needed changes nothing
        size_of_array = parent.kind == CursorKind.VAR_DECL and \
            self.source[cursor.extent.start.offset - 1:cursor.extent.start.offset] == b"["
        if text.isdigit() and (text == "0" or text[0] != "0") and not size_of_array:
            self.replace("constant", cursor, str(int(text) + 1))

    def symmetric(self, cursor, parent):
        if cursor.spelling in SYMMETRIC:
            return True
        behind = self.source[cursor.extent.end.offset:parent.extent.end.offset].split()
        return cursor.spelling in SYMMETRIC_IF_EQUAL and behind[:1] in ([b"=="], [b"!="])

    def call(self, cursor, parent):
        if parent.kind in (CursorKind.COMPOUND_STMT, CursorKind.IF_STMT, CursorKind.FOR_STMT,
                           CursorKind.WHILE_STMT):
            if parent.kind == CursorKind.COMPOUND_STMT or next(parent.get_children()) != cursor:
                lines = self.text(cursor).count("\n")
                self.replace("uncalled", cursor, "((void)0)" + "\n" * lines)
        arguments = list(cursor.get_arguments())
        if self.symmetric(cursor, parent):
            arguments = arguments[1:]
        if cursor.referenced and cursor.referenced.type.kind == TypeKind.FUNCTIONPROTO and \
                cursor.referenced.type.is_function_variadic():  # the compiler refuses another format
            arguments = [one for one in arguments if not self.text(one).startswith('"')]
        for one, two in zip(arguments, arguments[1:]):
            if one.type.get_canonical().spelling == two.type.get_canonical().spelling and \
                    self.text(one) != self.text(two):
                between = self.source[one.extent.end.offset:two.extent.start.offset].decode()
                self.add("swapped", one.extent.start.offset, two.extent.end.offset,
                         self.text(two) + between + self.text(one))

    def visit(self, cursor, parent):
        if parent.kind == CursorKind.CALL_EXPR:
            self.called = parent.spelling
        elif parent.kind != CursorKind.UNEXPOSED_EXPR:
            self.called = None
        if cursor.kind in (CursorKind.IF_STMT, CursorKind.CONDITIONAL_OPERATOR):
            self.condition(cursor, next(cursor.get_children()))
        elif cursor.kind == CursorKind.BINARY_OPERATOR:
            self.binary(cursor)
        elif cursor.kind == CursorKind.INTEGER_LITERAL and parent.kind != CursorKind.CASE_STMT:
            self.constant(cursor, parent)
        elif cursor.kind == CursorKind.CALL_EXPR:
            self.call(cursor, parent)
        for child in cursor.get_children():
            self.visit(child, cursor)


def mutants_of(path):
    file = File(path)
    unit = Index.create().parse(path, args=FLAGS)
    fatal = [problem for problem in unit.diagnostics if problem.severity >= 4]
    if fatal:
        raise SystemExit(f"{path}: {fatal[0]}")
    for cursor in unit.cursor.get_children():
        if cursor.location.file and cursor.location.file.name == path:
            file.visit(cursor, unit.cursor)
    return list(dict.fromkeys(file.found))
