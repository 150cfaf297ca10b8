{#- Schemas are named exactly raw, staging, intermediate and marts, behind the variable schema_prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ return(var('schema_prefix', '') ~ (custom_schema_name or target.schema)) }}
{%- endmacro %}


{#- dbt creates schemas before any hook runs, so this is the one place where a schema can be marked or refused. -#}
{% macro create_schema(relation) %}
    {% set schema = relation.without_identifier().schema %}
    {% set marker = 'attribution-workbench' %}
    {% set found %}
        select obj_description(oid, 'pg_namespace') as marker
        from pg_catalog.pg_namespace
        where nspname = {{ sql_string(schema) }}
    {% endset %}
    {% set rows = run_query(found).rows %}
    {% if rows | length == 0 %}
        {% call statement('create_schema') %}
            create schema if not exists {{ adapter.quote(schema) }};
            comment on schema {{ adapter.quote(schema) }} is {{ sql_string(marker) }};
        {% endcall %}
    {% else %}
        {% do refuse_foreign_schema(schema, rows[0]['marker'], marker) %}
    {% endif %}
{% endmacro %}


{% macro refuse_foreign_schema(schema, found_marker, marker) %}
    {% if found_marker != marker %}
        {% do exceptions.raise_compiler_error(
            'The schema "' ~ schema ~ '" in database "' ~ target.dbname ~ '" is not ours: it lacks the comment "' ~ marker ~ '". '
            ~ 'Nothing was written. Use another database, or set the variable schema_prefix in dbt_project.yml; if the schema '
            ~ 'is ours after all: comment on schema "' ~ schema ~ '" is \'' ~ marker ~ '\';'
        ) %}
    {% endif %}
{% endmacro %}


{#- A text as an SQL literal. -#}
{% macro sql_string(value) -%}
    {{ return("'" ~ (value | string | replace("'", "''")) ~ "'") }}
{%- endmacro %}
