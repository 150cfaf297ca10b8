{#- Schemas are named exactly raw, staging, intermediate and marts, behind the variable schema_prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ return(var('schema_prefix', '') ~ (custom_schema_name or target.schema)) }}
{%- endmacro %}


{#- dbt creates schemas before any hook runs, so this is the one place where a schema can be marked as ours. -#}
{% macro create_schema(relation) %}
    {% do check_schemas(foreign_only=true) %}
    {% set schema = relation.without_identifier().schema %}
    {% call statement('create_schema') %}
        create schema if not exists {{ adapter.quote(schema) }};
        comment on schema {{ adapter.quote(schema) }} is {{ sql_string(our_marker()) }};
    {% endcall %}
{% endmacro %}


{#- The comment on every schema that we created, here and in the load. -#}
{% macro our_marker() -%}
{{ return('attribution-workbench') }}
{%- endmacro %}


{#- Runs before anything is written: a schema that exists and is not ours is refused by name; dbt itself does not look at it. -#}
{% macro check_schemas(foreign_only=false) %}
    {% if execute and flags.WHICH in ('run', 'build', 'seed', 'snapshot') %}
        {% set schemas = [var('schema_prefix', '') ~ 'intermediate'] %}
        {% for node in graph.nodes.values() if node.resource_type in ('model', 'seed', 'snapshot') %}
            {% do schemas.append(node.schema) %}
        {% endfor %}
        {% set foreign %}
            select namespaces.nspname as name
            from pg_catalog.pg_namespace as namespaces
            where namespaces.nspname in ({% for schema in schemas | unique %}{{ sql_string(schema) }}{{ ', ' if not loop.last }}{% endfor %})
                and obj_description(namespaces.oid, 'pg_namespace') is distinct from {{ sql_string(our_marker()) }}
            order by namespaces.nspname
        {% endset %}
        {% do log('Writing to ' ~ target.host ~ ':' ~ target.port ~ ', database ' ~ target.dbname ~ ', as ' ~ target.user, info=true) if flags.WHICH in ('run', 'build') and not foreign_only %}
        {% for row in run_query(foreign).rows %}
            {% do exceptions.raise_compiler_error(
                'The schema "' ~ row['name'] ~ '" in database "' ~ target.dbname ~ '" is not ours: it lacks the comment \'' ~ our_marker() ~ '\'. '
                ~ 'Nothing was written. Use another database, or set the variable schema_prefix in dbt_project.yml. If the schema is ours '
                ~ 'after all: comment on schema "' ~ row['name'] ~ '" is \'' ~ our_marker() ~ '\';'
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{#- A text as an SQL literal. -#}
{% macro sql_string(value) -%}
    {{ return("'" ~ (value | string | replace("'", "''")) ~ "'") }}
{%- endmacro %}
