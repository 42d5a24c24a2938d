namespace Broadcast.Testing;

/// <summary>A rule of a specification that something served can break.</summary>
/// <typeparam name="T">What it is a rule of: a playlist, two versions of one, a segment.</typeparam>
/// <param name="Section">Document and section, shortly.</param>
/// <param name="Says">The rule in our words; no two of a table are the same.</param>
/// <param name="Holds">Whether it is kept. Must not throw, however broken what it looks at is.</param>
public sealed record Rule<T>(string Section, string Says, Func<T, bool> Holds)
{
    public override string ToString() => $"{Section}: {Says}";
}

/// <summary>Tables of rules.</summary>
public static class Rules
{
    /// <summary>The rules that something breaks, each with its section; none when it keeps them all.</summary>
    public static IReadOnlyList<string> Broken<T>(this IEnumerable<Rule<T>> rules, T subject) => [.. rules.Where(rule => !rule.Holds(subject)).Select(rule => rule.ToString())];

    /// <summary>Whether a section is named in the first column of a table of a document.</summary>
    public static bool IsListed(string document, string section) => document.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))
        .Select(line => line.Split(" | ")[0][2..]).Any(cell => cell == section || cell.Split("; ").Contains(section) || cell.Split(", ").Contains(section));
}
