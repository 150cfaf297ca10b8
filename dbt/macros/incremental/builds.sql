{#- Asked for, or needed: see the README beside this file. -#}
{% macro should_full_refresh() %}
    {% set asked_for = config.get('full_refresh') %}
    {% if asked_for is none %}
        {% set asked_for = flags.FULL_REFRESH %}
    {% endif %}
    {% if asked_for or not execute or flags.WHICH not in ('run', 'build') %}
        {{ return(asked_for) }}
    {% endif %}
    {{ return(not is_caught_up_whole(model)) }}
{% endmacro %}


{#- Only a run that writes is incremental, so that `dbt compile`, `dbt show` and the editor see the whole of a model. -#}
{% macro is_incremental() %}
    {% if flags.WHICH not in ('run', 'build') %}
        {{ return(false) }}
    {% endif %}
    {{ return(dbt.is_incremental()) }}
{% endmacro %}


{#- Whether the table was built by this very model, and no parent was rebuilt whole since. -#}
{% macro is_caught_up_whole(node) %}
    {% if node.config.materialized != 'incremental' %}
        {{ return(false) }}
    {% endif %}
    {% set check %}
        select 1 as caught_up
        from {{ model_builds() }} as builds
        where builds.model = {{ sql_string(node.name) }}
            and builds.fingerprint = {{ sql_string(model_fingerprint(node)) }}
            and builds.relation = to_regclass({{ sql_string(this.include(database=false)) }})
            {% for parent in tracked_parents(node) %}
            and (builds.consumed -> {{ sql_string(parent) }} ->> 'full')::bigint = ({{ parent_position(parent) }} ->> 'full')::bigint
            {% endfor %}
    {% endset %}
    {{ return(run_query(check).rows | length > 0) }}
{% endmacro %}


{#- The builds a parent stands at, as jsonb: its last one and its last full one; of a source, its last load and its table's oid. -#}
{% macro parent_position(parent) -%}
{%- if parent.startswith('raw.') -%}
{%- set table = parent.split('.')[1] -%}
(
    select jsonb_build_object('build', coalesce(max(files.load_id), 0), 'full', {{ sql_string(source('raw', table).include(database=false)) }}::regclass::oid::bigint)
    from {{ source('raw', 'source_files') }} as files
    where files.entity = {{ sql_string({'events': 'event', 'clients': 'client'}[table]) }}
)
{%- else -%}
(select jsonb_build_object('build', parents.build, 'full', parents.full_build) from {{ model_builds() }} as parents where parents.model = {{ sql_string(parent) }})
{%- endif -%}
{%- endmacro %}


{#-
    Runs first in every model's transaction: the writer is still the only one, and the build has a number. Two runs of dbt by hand share
    the writer lock; the lock on the model makes the second wait, and then find nothing left to do.
-#}
{% macro begin_build() %}
    {% if execute %}
        {% do check_single_writer() %}
        select
            pg_advisory_xact_lock(hashtextextended({{ sql_string('attribution-workbench:' ~ this.include(database=false)) }}, 0)),
            nextval({{ sql_string(build_sequence()) }})
    {% endif %}
{% endmacro %}


{#- Runs last in every model's transaction: what the model was built from, and from which build on its children have to follow. -#}
{% macro record_build() %}
    {% if execute %}
        {% set full = should_full_refresh() or model.config.materialized != 'incremental' %}
        {% set changed = "exists (select 1 from " ~ model_changes() ~ " where model = " ~ sql_string(model.name) ~ " and build = " ~ this_build() ~ ")" %}
        {% if full %}
        {% if config.get('meta', {}).get('valid_records_index') %}
        -- Partial, since a rejected record may hold a text too long for an index; unnamed, since the old table's index still has its name
        create index on {{ this }} ({{ config.get('meta')['valid_records_index'] }}) where rejection_reason is null;
        {% endif %}
        delete from {{ model_changes() }} where model = {{ sql_string(model.name) }};
        {% endif %}
        analyze {{ this }};
        insert into {{ model_builds() }} as builds (model, fingerprint, relation, build, full_build, consumed, built_at)
        select
            {{ sql_string(model.name) }},
            {{ sql_string(model_fingerprint(model)) }},
            {{ sql_string(this.include(database=false)) }}::regclass,
            {{ this_build() }},
            {{ this_build() }},
            jsonb_build_object(
                {% for parent in tracked_parents(model) %}
                {{ sql_string(parent) }}, {{ parent_position(parent) }}{{ ',' if not loop.last }}
                {% endfor %}
            ),
            now()
        on conflict (model) do update set
            fingerprint = excluded.fingerprint,
            relation = excluded.relation,
            build = case when {{ 'true' if full else changed }} then excluded.build else builds.build end,
            full_build = case when {{ 'true' if full else 'false' }} then excluded.full_build else builds.full_build end,
            consumed = excluded.consumed,
            built_at = excluded.built_at
    {% endif %}
{% endmacro %}
