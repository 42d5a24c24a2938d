using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcast.Testing;

namespace Broadcast.Architecture.Tests.Helm;

/// <summary>
/// Renders the templates of the Helm chart. Helm itself is not available to the tests. This covers the part of Go's template language that
/// the chart uses, and throws for anything else, so that a template cannot pass because it was not understood.
/// </summary>
internal sealed partial class ChartTemplates
{
    private readonly Dictionary<string, IReadOnlyList<TemplateNode>> _named = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, IReadOnlyList<TemplateNode>> _files = new(StringComparer.Ordinal);

    /// <summary>Reads all templates of a chart.</summary>
    public ChartTemplates(string folder)
    {
        foreach (var path in Directory.EnumerateFiles(Repository.PathOf($"{folder}/templates")))
        {
            var nodes = TemplateParser.Parse(File.ReadAllText(path), _named);
            if (!Path.GetFileName(path).StartsWith('_'))
            {
                _files.Add(Path.GetFileName(path), nodes);
            }
        }
    }

    /// <summary>Renders all files.</summary>
    /// <param name="values">The values.</param>
    /// <param name="release">Name of the release.</param>
    /// <returns>Text of each file.</returns>
    /// <exception cref="ChartException">A template rejects the values, or is not understood.</exception>
    public IReadOnlyDictionary<string, string> Render(IReadOnlyDictionary<string, object?> values, string release)
    {
        var root = new Dictionary<string, object?>
        {
            ["Values"] = values, ["Release"] = new Dictionary<string, object?> { ["Name"] = release },
        };
        return _files.ToDictionary(file => file.Key, file => RenderNodes(file.Value, new Scope(root, root)), StringComparer.Ordinal);
    }

    private string RenderNodes(IReadOnlyList<TemplateNode> nodes, Scope scope)
    {
        var text = new StringBuilder();
        Render(nodes, scope, text);
        return text.ToString();
    }

    private void Render(IReadOnlyList<TemplateNode> nodes, Scope scope, StringBuilder text)
    {
        foreach (var node in nodes)
        {
            switch (node)
            {
                case TemplateNode.Text(var content):
                    text.Append(content);
                    break;
                case TemplateNode.Output(var expression):
                    text.Append(Format(Evaluate(expression, scope)));
                    break;
                case TemplateNode.Assign(var name, var expression):
                    scope.Variables[name] = Evaluate(expression, scope);
                    break;
                case TemplateNode.If(var expression, var then, var otherwise):
                    Render(IsTrue(Evaluate(expression, scope)) ? then : otherwise, new Scope(scope), text);
                    break;
                case TemplateNode.With(var expression, var body):
                    if (Evaluate(expression, scope) is var dot && IsTrue(dot))
                    {
                        Render(body, new Scope(scope) { Dot = dot }, text);
                    }

                    break;
                case TemplateNode.Range(var key, var value, var expression, var body):
                    foreach (var (index, item) in Items(Evaluate(expression, scope)))
                    {
                        var inner = new Scope(scope) { Dot = item };
                        if (value is not null)
                        {
                            inner.Variables[value] = item;
                        }

                        if (key is not null)
                        {
                            inner.Variables[key] = index;
                        }

                        Render(body, inner, text);
                    }

                    break;
                default:
                    throw new ChartException($"{node} is not understood.");
            }
        }
    }

    private object? Evaluate(TemplateExpression expression, Scope scope) => expression switch
    {
        TemplateExpression.Literal(var value) => value,
        TemplateExpression.Dot(var path) => Field(scope.Dot, path),
        TemplateExpression.Variable(var name, var path) => Field(scope.Find(name), path),
        TemplateExpression.FieldOf(var inner, var path) => Field(Evaluate(inner, scope), path),
        TemplateExpression.Call(var function, var arguments) =>
            Call(function, [.. arguments.Select(argument => Evaluate(argument, scope))]),
        _ => throw new ChartException($"{expression} is not understood."),
    };

    private object? Call(string function, object?[] a) => function switch
    {
        "include" => RenderNodes(
            _named.GetValueOrDefault((string)a[0]!) ?? throw new ChartException($"Template {a[0]} does not exist."), new Scope(a[1], a[1])),
        "toYaml" => JsonSerializer.Serialize(a[0]),
        "indent" => Indent((long)a[0]!, Format(a[1])),
        "nindent" => "\n" + Indent((long)a[0]!, Format(a[1])),
        "trim" => Format(a[0]).Trim(),
        "quote" => $"\"{Format(a[0]).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        "printf" => Print((string)a[0]!, a[1..]),
        "contains" => Format(a[1]).Contains(Format(a[0]), StringComparison.Ordinal),
        "eq" => Equals(a[0], a[1]),
        "ne" => !Equals(a[0], a[1]),
        "not" => !IsTrue(a[0]),
        "or" => Array.Find(a, IsTrue) ?? a[^1],
        "and" => Array.Exists(a, value => !IsTrue(value)) ? Array.Find(a, value => !IsTrue(value)) : a[^1],
        "list" => a.ToList(),
        "dict" => a.Chunk(2).ToDictionary(pair => (string)pair[0]!, pair => pair[1]),
        "get" => Field(a[0], [(string)a[1]!]),
        "required" => a[1] is null or "" ? throw new ChartException((string)a[0]!) : a[1],
        "fail" => throw new ChartException((string)a[0]!),
        _ => throw new ChartException($"Function {function} is not understood."),
    };

    private static object? Field(object? value, IReadOnlyList<string> path)
    {
        foreach (var name in path)
        {
            value = value is IReadOnlyDictionary<string, object?> map ? map.GetValueOrDefault(name)
                : throw new ChartException($"Field {name} of a value that is no map.");
        }

        return value;
    }

    private static IEnumerable<(object? Index, object? Item)> Items(object? value) => value switch
    {
        null => [],
        IReadOnlyDictionary<string, object?> map => map.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => ((object?)entry.Key, entry.Value)),
        IEnumerable<object?> list => list.Select((item, i) => ((object?)(long)i, item)),
        _ => throw new ChartException("A range needs a map or a list."),
    };

    private static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool isTrue => isTrue,
        string text => text.Length > 0,
        long number => number != 0,
        IReadOnlyDictionary<string, object?> map => map.Count > 0,
        IEnumerable<object?> list => list.Any(),
        _ => true,
    };

    private static string Format(object? value) => value switch
    {
        null => "",
        bool isTrue => isTrue ? "true" : "false",
        string text => text,
        long number => number.ToString(CultureInfo.InvariantCulture),
        _ => throw new ChartException("A map or list needs toYaml."),
    };

    private static string Indent(long width, string text) =>
        string.Join('\n', text.Split('\n').Select(line => new string(' ', (int)width) + line));

    private static string Print(string format, object?[] arguments)
    {
        var next = 0;
        var text = Placeholder().Replace(format, _ => Format(arguments[next++]));
        return next == arguments.Length && !text.Contains('%', StringComparison.Ordinal) ? text
            : throw new ChartException($"Format {format} is not understood.");
    }

    [GeneratedRegex("%s")]
    private static partial Regex Placeholder();

    /// <summary>The dot and the variables of a block.</summary>
    private sealed class Scope
    {
        private readonly Scope? _outer;

        public Scope(object? dot, object? root) => (Dot, Root) = (dot, root);

        public Scope(Scope outer) => (_outer, Dot, Root) = (outer, outer.Dot, outer.Root);

        public object? Dot { get; init; }

        public object? Root { get; }

        public Dictionary<string, object?> Variables { get; } = new(StringComparer.Ordinal);

        public object? Find(string name) => name == "$" ? Root
            : Variables.TryGetValue(name, out var value) ? value
            : _outer is null ? throw new ChartException($"Variable {name} does not exist.") : _outer.Find(name);
    }
}

/// <summary>Values that a template rejects, or a template that is not understood.</summary>
internal sealed class ChartException(string message) : Exception(message);
