{% macro model_builds() -%}
"{{ var('schema_prefix', '') }}intermediate".model_builds
{%- endmacro %}


{% macro model_changes() -%}
"{{ var('schema_prefix', '') }}intermediate".model_changes
{%- endmacro %}


{% macro build_sequence() -%}
"{{ var('schema_prefix', '') }}intermediate".build_number
{%- endmacro %}


{#- The number of the build that is being made by this model's transaction. -#}
{% macro this_build() -%}
currval({{ sql_string(build_sequence()) }})
{%- endmacro %}


{#- The tables that remember what every model was built from; created before the first model runs. -#}
{% macro create_build_state() %}
    {% if execute and flags.WHICH in ('run', 'build') %}
        {% do adapter.create_schema(api.Relation.create(database=target.dbname, schema=var('schema_prefix', '') ~ 'intermediate')) %}
        {% call statement('create_build_state') %}
            create table if not exists {{ model_builds() }} (
                model text primary key,
                fingerprint text not null,
                relation oid not null,
                build bigint not null,
                full_build bigint not null,
                consumed jsonb not null,
                built_at timestamptz not null
            );
            create table if not exists {{ model_changes() }} (
                model text not null,
                build bigint not null,
                client_id text not null,
                changed_from timestamp not null
            );
            create index if not exists model_changes_by_build on {{ model_changes() }} (model, build);
            create sequence if not exists {{ build_sequence() }};
            comment on table {{ model_builds() }} is 'Grain: one row per model. What each model was last built from.';
            comment on table {{ model_changes() }} is 'Grain: one row per model, build and client. From which time on the client changed.';
        {% endcall %}
    {% endif %}
{% endmacro %}


{#- Drops what no model will ask for again: changes that every child has consumed, and models that left the project. -#}
{% macro prune_build_state() %}
    {% if execute and flags.WHICH in ('run', 'build') %}
        {% set names = [] %}
        {% for node in graph.nodes.values() if node.resource_type == 'model' %}
            {% do names.append(sql_string(node.name)) %}
        {% endfor %}
        delete from {{ model_builds() }} where model not in ({{ names | join(', ') }});
        delete from {{ model_changes() }} as changes
        where changes.build <= coalesce(
            (
                select min((children.consumed -> changes.model ->> 'build')::bigint)
                from {{ model_builds() }} as children
                where children.consumed ? changes.model
            ),
            changes.build
        );
    {% endif %}
{% endmacro %}
