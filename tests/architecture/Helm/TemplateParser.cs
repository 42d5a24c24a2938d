using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcast.Architecture.Tests.Helm;

/// <summary>A part of a template.</summary>
internal abstract record TemplateNode
{
    public sealed record Text(string Content) : TemplateNode;

    public sealed record Output(TemplateExpression Expression) : TemplateNode;

    public sealed record Assign(string Name, TemplateExpression Expression) : TemplateNode;

    public sealed record If(TemplateExpression Expression, IReadOnlyList<TemplateNode> Then, IReadOnlyList<TemplateNode> Otherwise)
        : TemplateNode;

    public sealed record With(TemplateExpression Expression, IReadOnlyList<TemplateNode> Body) : TemplateNode;

    public sealed record Range(string? Key, string? Value, TemplateExpression Expression, IReadOnlyList<TemplateNode> Body) : TemplateNode;
}

/// <summary>An expression of a template.</summary>
internal abstract record TemplateExpression
{
    public sealed record Literal(object? Value) : TemplateExpression;

    public sealed record Dot(IReadOnlyList<string> Path) : TemplateExpression;

    public sealed record Variable(string Name, IReadOnlyList<string> Path) : TemplateExpression;

    public sealed record FieldOf(TemplateExpression Inner, IReadOnlyList<string> Path) : TemplateExpression;

    public sealed record Call(string Function, IReadOnlyList<TemplateExpression> Arguments) : TemplateExpression;
}

/// <summary>Parses text with actions in double braces.</summary>
internal sealed partial class TemplateParser
{
    private readonly List<(string Text, bool IsAction)> _pieces = [];
    private readonly Dictionary<string, IReadOnlyList<TemplateNode>> _named;
    private int _next;

    private TemplateParser(string text, Dictionary<string, IReadOnlyList<TemplateNode>> named)
    {
        _named = named;
        var (start, trims) = (0, false);
        foreach (Match action in Action().Matches(text))
        {
            AddText(text[start..action.Index], trims, action.Groups["before"].Success);
            _pieces.Add((action.Groups["content"].Value, true));
            (start, trims) = (action.Index + action.Length, action.Groups["after"].Success);
        }

        AddText(text[start..], trims, false);
    }

    /// <summary>Parses a file.</summary>
    /// <param name="text">The file.</param>
    /// <param name="named">Gets the templates that the file defines.</param>
    public static IReadOnlyList<TemplateNode> Parse(string text, Dictionary<string, IReadOnlyList<TemplateNode>> named)
    {
        var parser = new TemplateParser(text, named);
        var nodes = parser.Block(out var end);
        return end is null ? nodes : throw new ChartException($"Action {end} has no beginning.");
    }

    private void AddText(string text, bool trimsStart, bool trimsEnd)
    {
        text = trimsStart ? text.TrimStart() : text;
        _pieces.Add((trimsEnd ? text.TrimEnd() : text, false));
    }

    /// <summary>Parses up to the end of a block.</summary>
    /// <param name="end">The action that ends it: <c>end</c> or <c>else</c>; <see langword="null"/> at the end of the file.</param>
    private List<TemplateNode> Block(out string? end)
    {
        var nodes = new List<TemplateNode>();
        while (_next < _pieces.Count)
        {
            var (text, isAction) = _pieces[_next++];
            if (!isAction)
            {
                nodes.Add(new TemplateNode.Text(text));
                continue;
            }

            if (text is "end" or "else")
            {
                end = text;
                return nodes;
            }

            if (Statement(text) is { } node)
            {
                nodes.Add(node);
            }
        }

        end = null;
        return nodes;
    }

    private TemplateNode? Statement(string action)
    {
        var (word, rest) = action.IndexOf(' ', StringComparison.Ordinal) is var space and > 0 ? (action[..space], action[(space + 1)..])
            : (action, "");
        switch (word)
        {
            case "define":
                _named.Add(rest.Trim('"'), Body());
                return null;
            case "if":
                var then = Block(out var end);
                return new TemplateNode.If(Expression(rest), then, end == "else" ? Body() : Ended(end));
            case "with":
                return new TemplateNode.With(Expression(rest), Body());
            case "range" when RangeVariables().Match(rest) is { Success: true } variables:
                return new TemplateNode.Range(variables.Groups["key"] is { Success: true } key ? key.Value : null,
                    variables.Groups["value"].Value, Expression(rest[variables.Length..]), Body());
            case "range":
                return new TemplateNode.Range(null, null, Expression(rest), Body());
            case "else" or "template" or "block" or "break" or "continue":
                throw new ChartException($"Action {action} is not understood.");
            default:
                return Assignment().Match(action) is { Success: true } assignment
                    ? new TemplateNode.Assign(assignment.Groups["name"].Value, Expression(action[assignment.Length..]))
                    : new TemplateNode.Output(Expression(action));
        }
    }

    private List<TemplateNode> Body()
    {
        var nodes = Block(out var end);
        Ended(end);
        return nodes;
    }

    private static List<TemplateNode> Ended(string? end) => end == "end" ? [] : throw new ChartException("A block has no end.");

    private static TemplateExpression Expression(string text)
    {
        var tokens = new Queue<string>(Tokens(text));
        var expression = Pipeline(tokens);
        return tokens.Count == 0 ? expression : throw new ChartException($"{text} is not understood.");
    }

    private static IEnumerable<string> Tokens(string text)
    {
        var at = 0;
        while (at < text.Length)
        {
            var token = Token().Match(text, at);
            if (!token.Success || token.Index != at)
            {
                throw new ChartException($"{text} is not understood.");
            }

            at += token.Length;
            if (token.Value.Trim() is { Length: > 0 } content)
            {
                yield return content;
            }
        }
    }

    private static TemplateExpression Pipeline(Queue<string> tokens)
    {
        var result = Command(tokens, null);
        while (tokens.TryPeek(out var token) && token == "|")
        {
            tokens.Dequeue();
            result = Command(tokens, result);
        }

        return result;
    }

    private static TemplateExpression Command(Queue<string> tokens, TemplateExpression? piped)
    {
        if (!char.IsAsciiLetter(tokens.Peek()[0]) || tokens.Peek() is "true" or "false")
        {
            return piped is null ? Operand(tokens) : throw new ChartException("A pipe needs a function.");
        }

        var function = tokens.Dequeue();
        var arguments = new List<TemplateExpression>();
        while (tokens.TryPeek(out var token) && token[0] is not ('|' or ')'))
        {
            arguments.Add(Operand(tokens));
        }

        return new TemplateExpression.Call(function, piped is null ? arguments : [.. arguments, piped]);
    }

    private static TemplateExpression Operand(Queue<string> tokens)
    {
        var token = tokens.Dequeue();
        switch (token[0])
        {
            case '"':
                return new TemplateExpression.Literal(Regex.Unescape(token[1..^1]));
            case '(':
                var inner = Pipeline(tokens);
                var close = tokens.Dequeue();
                return close == ")" ? inner : close.StartsWith(").", StringComparison.Ordinal)
                    ? new TemplateExpression.FieldOf(inner, PathOf(close[1..])) : throw new ChartException("A parenthesis is missing.");
            case '$':
                var dot = token.IndexOf('.', StringComparison.Ordinal);
                return dot < 0 ? new TemplateExpression.Variable(token, [])
                    : new TemplateExpression.Variable(token[..dot], PathOf(token[dot..]));
            case '.':
                return new TemplateExpression.Dot(PathOf(token));
            default:
                return token is "true" or "false" ? new TemplateExpression.Literal(token == "true")
                    : long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                        ? new TemplateExpression.Literal(number) : throw new ChartException($"{token} is not understood.");
        }
    }

    private static string[] PathOf(string text) => text.Split('.', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"\{\{(?<before>- )?\s*(?<content>.+?)\s*(?<after> -)?\}\}")]
    private static partial Regex Action();

    [GeneratedRegex(@"^(?:(?<key>\$\w+), *)?(?<value>\$\w+) *:= *")]
    private static partial Regex RangeVariables();

    [GeneratedRegex(@"^(?<name>\$\w+) *:= *")]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\s+|""(?:[^""\\]|\\.)*""|\((?!\.)|\)(?:\.\w+)*|\$\w*(?:\.\w+)*|(?:\.\w+)+|\.|\||\w+")]
    private static partial Regex Token();
}
