{#- The files whose records changed since this model last consumed them (loaded, replaced or gone), as a subquery of source_file. -#}
{% macro changed_files(table) -%}
select files.source_file
from changed_files as files
where files.entity = {{ sql_string({'events': 'event', 'clients': 'client'}[table]) }}
{%- endmacro %}


{#- In an incremental build, narrows an import CTE to what is affected; otherwise nothing. The second argument may be left out. -#}
{% macro only_affected(relation, time_column=none) -%}
{%- if is_incremental() -%}
inner join affected_clients as affected
    on {{ relation }}.client_id = affected.client_id
    {%- if time_column %}
    and {{ relation }}.{{ time_column }} >= affected.changed_from
    {%- endif %}
{%- endif -%}
{%- endmacro %}


{#- The incremental strategy affected_clients: rows of affected clients are deleted from the changed time on and inserted anew. -#}
{% macro get_incremental_affected_clients_sql(arg_dict) %}
    {% set target_relation = arg_dict['target_relation'] %}
    {% set time_column = config.require('meta')['time_column'] %}
    {% set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    insert into {{ model_changes() }} (model, build, client_id, changed_from)
    select {{ sql_string(model.name) }}, {{ this_build() }}, affected.client_id, affected.changed_from
    from affected_clients as affected;

    delete from {{ target_relation }} as target
    using affected_clients as affected
    where affected.client_id = target.client_id
        {%- if time_column %}
        and target.{{ time_column }} >= affected.changed_from
        {%- endif %};

    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{% endmacro %}


{#-
    The incremental strategy changed_files, for tables of raw records: a changed file's records are compared, and only those that
    differ are deleted and inserted, so that a file to which records were appended affects the clients of the new ones alone.
-#}
{% macro get_incremental_changed_files_sql(arg_dict) %}
    {% set target_relation = arg_dict['target_relation'] %}
    {% set temp_relation = arg_dict['temp_relation'] %}
    {% set meta = config.require('meta') %}
    {% set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    {% set changed_from = 'min(' ~ meta['time_column'] ~ ')' if meta['time_column'] else "'-infinity'" %}
    {% set log %}
        insert into {{ model_changes() }} (model, build, client_id, changed_from)
        select {{ sql_string(model.name) }}, {{ this_build() }}, client_id, {{ changed_from }}
        from differing
        where rejection_reason is null
        group by client_id
    {% endset %}
    analyze {{ temp_relation }};

    with differing as (
        delete from {{ target_relation }} as target
        using ({{ changed_files(meta['source_table']) }}) as files
        where files.source_file = target.source_file
            and not exists (
                select 1
                from {{ temp_relation }} as fresh
                where fresh.source_file = target.source_file
                    and fresh.record_number = target.record_number
                    {%- for column in meta['content_columns'] %}
                    and fresh.{{ column }} is not distinct from target.{{ column }}
                    {%- endfor %}
            )
        returning target.*
    )
    {{ log }};

    with differing as (
        insert into {{ target_relation }} ({{ columns }})
        select {{ columns }}
        from {{ temp_relation }} as fresh
        where not exists (
            select 1
            from {{ target_relation }} as target
            where target.source_file = fresh.source_file
                and target.record_number = fresh.record_number
        )
        returning *
    )
    {{ log }};
{% endmacro %}
