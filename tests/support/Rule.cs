namespace Broadcast.Testing;

/// <summary>A rule of a specification for served content.</summary>
/// <typeparam name="T">Subject of the rule: a playlist, two versions of a playlist, a segment.</typeparam>
/// <param name="Section">Document and section, abbreviated.</param>
/// <param name="Says">Text of the rule; unique within its table.</param>
/// <param name="Holds">Returns whether the subject complies. Must not throw on malformed subjects.</param>
public sealed record Rule<T>(string Section, string Says, Func<T, bool> Holds)
{
    public override string ToString() => $"{Section}: {Says}";
}

/// <summary>Tables of rules.</summary>
public static class Rules
{
    /// <summary>Returns the violated rules with their sections; empty if there are none.</summary>
    public static IReadOnlyList<string> Broken<T>(this IEnumerable<Rule<T>> rules, T subject) =>
        [.. rules.Where(rule => !rule.Holds(subject)).Select(rule => rule.ToString())];

    /// <summary>Returns whether the first column of a table in a document names a section.</summary>
    public static bool IsListed(string document, string section) =>
        document.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))
        .Select(line => line.Split(" | ")[0][2..]).Any(cell => cell == section || cell.Split("; ").Contains(section)
            || cell.Split(", ").Contains(section));
}
