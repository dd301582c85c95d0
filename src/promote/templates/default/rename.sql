alter table {{ table }} rename to {{ to.identifier }}
