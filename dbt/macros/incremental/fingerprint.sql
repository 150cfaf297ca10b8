{#-
    What a model's rows depend on besides its parents' rows: its text, the macros it reaches, the values of the variables all these name,
    the configuration that shapes the table, and the contract's columns. Views and ephemeral parents count as part of the model.
    Compiled SQL would not do: it differs between the incremental and the full branch.
-#}
{% macro model_fingerprint(node) %}
    {% set texts = [] %}
    {% do collect_model_texts(node, texts) %}
    {# Reached by the configuration, not by name: what deletes and inserts the rows, and what says which #}
    {% do texts.append('begin_build() get_incremental_' ~ node.config.get('incremental_strategy') ~ '_sql()') %}
    {% do collect_macro_texts(texts) %}
    {% set variables = {} %}
    {% for name in modules.re.findall("var\\(\\s*['\"](\\w+)['\"]", texts | join('\n')) %}
        {% do variables.update({name: var(name, none)}) %}
    {% endfor %}
    {% set columns = [] %}
    {% for column in node.columns.values() %}
        {% do columns.append([column.name, column.data_type | default(none), column.constraints | default([]) | string]) %}
    {% endfor %}
    {% set config = {} %}
    {% for key in ['materialized', 'incremental_strategy', 'unique_key', 'indexes', 'contract', 'unlogged', 'meta'] %}
        {% do config.update({key: node.config.get(key) | string}) %}
    {% endfor %}
    {{ return(local_md5(tojson([texts, variables, columns, config], sort_keys=true))) }}
{% endmacro %}


{#- Appends the raw SQL of a node and of every view or ephemeral model above it. -#}
{% macro collect_model_texts(node, texts) %}
    {% do texts.append(node.raw_code) %}
    {% for parent in node.depends_on.nodes %}
        {% if parent in graph.nodes and graph.nodes[parent].config.materialized in ('view', 'ephemeral') %}
            {% do collect_model_texts(graph.nodes[parent], texts) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- Appends the text of every macro of this project that the texts call, directly or through one another. -#}
{% macro collect_macro_texts(texts) %}
    {% set seen = [] %}
    {% for round in range(20) %}
        {% for name in modules.re.findall('\\b(\\w+)\\s*\\(', texts | join('\n')) | unique if name not in seen %}
            {% do seen.append(name) %}
            {% set candidate = context.get(name) %}
            {% if candidate.macro is defined and candidate.macro.package_name == project_name %}
                {% do texts.append(candidate.macro.macro_sql) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
{% endmacro %}


{#- The names of the parents whose builds a node consumes: models that are tables, and the sources of the load. -#}
{% macro tracked_parents(node) %}
    {% set parents = [] %}
    {% for parent in node.depends_on.nodes %}
        {% if parent in graph.sources %}
            {% set source_node = graph.sources[parent] %}
            {% if source_node.name in ('events', 'clients') and source_node.source_name == 'raw' %}
                {% do parents.append('raw.' ~ source_node.name) %}
            {% endif %}
        {% elif parent in graph.nodes and graph.nodes[parent].resource_type == 'model' %}
            {% if graph.nodes[parent].config.materialized in ('view', 'ephemeral') %}
                {% do parents.extend(tracked_parents(graph.nodes[parent])) %}
            {% else %}
                {% do parents.append(graph.nodes[parent].name) %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {{ return(parents | unique | sort) }}
{% endmacro %}
