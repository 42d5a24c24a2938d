using System.Text.Json;
using System.Text.RegularExpressions;

namespace Broadcast.Architecture.Tests;

/// <summary>Kinds of text that a rule of the vocabulary applies to.</summary>
internal enum TextKind
{
    /// <summary>A declared or used name in C# or TypeScript.</summary>
    Identifier,

    /// <summary>The name of a C# type.</summary>
    TypeName,

    /// <summary>A comment, including XML documentation.</summary>
    Comment,

    /// <summary>A string literal.</summary>
    String,

    /// <summary>A line of Markdown outside of code blocks.</summary>
    Markdown,

    /// <summary>The summary of an XML documentation comment.</summary>
    Summary,
}

/// <summary>A banned pattern with its replacement.</summary>
/// <param name="Name">Name of the rule in failures and in the list of exceptions.</param>
/// <param name="Kinds">Kinds of text that the rule applies to.</param>
/// <param name="Languages">Languages that the rule applies to: <c>cs</c>, <c>ts</c>, <c>md</c>, <c>sh</c>.</param>
/// <param name="Pattern">Regular expression of the banned words.</param>
/// <param name="Except">Regular expression of phrases that are removed from the text before matching, or null.</param>
/// <param name="Use">Terms to use instead.</param>
internal sealed record VocabularyRule(string Name, TextKind[] Kinds, string[] Languages, Regex Pattern, Regex? Except, string Use)
{
    /// <summary>Returns the first banned word in a text, or null.</summary>
    public string? Match(string text)
    {
        var match = Pattern.Match(Except?.Replace(text, " ") ?? text);
        return match.Success ? match.Value : null;
    }
}

/// <summary>Rules of the vocabulary and their exceptions, from <c>tests/architecture/vocabulary.json</c>.</summary>
internal sealed record VocabularyRules(IReadOnlyList<VocabularyRule> Rules, IReadOnlyDictionary<string, int> Allowed)
{
    /// <summary>Reads the checked-in rules.</summary>
    public static VocabularyRules Load()
    {
        using var document = JsonDocument.Parse(Sources.Text("tests/architecture/vocabulary.json"));
        var rules = document.RootElement.GetProperty("rules").EnumerateArray().Select(rule => new VocabularyRule(
            rule.GetProperty("name").GetString()!,
            [.. rule.GetProperty("kinds").EnumerateArray().Select(k => Enum.Parse<TextKind>(k.GetString()!, ignoreCase: true))],
            [.. rule.GetProperty("languages").EnumerateArray().Select(l => l.GetString()!)],
            Pattern(rule.GetProperty("pattern").GetString()!),
            rule.TryGetProperty("except", out var except) ? Pattern(except.GetString()!) : null,
            rule.GetProperty("use").GetString()!));
        var allowed = document.RootElement.GetProperty("allowed").EnumerateObject()
            .ToDictionary(a => a.Name, a => a.Value.GetInt32(), StringComparer.Ordinal);
        return new VocabularyRules([.. rules], allowed);
    }

    private static Regex Pattern(string pattern) => new(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
}
