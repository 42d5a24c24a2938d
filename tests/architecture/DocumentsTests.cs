using System.Reflection;
using System.Text.RegularExpressions;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>Agreement of documentation and repository.</summary>
public sealed partial class DocumentsTests
{
    private static IEnumerable<string> Documents => Sources.Files("", "*.md");

    [Fact]
    public void Links_between_documents_have_existing_targets()
    {
        var broken = new List<string>();
        foreach (var document in Documents)
        {
            foreach (Match link in Link().Matches(WithoutCode(Sources.Text(document))))
            {
                var target = link.Groups["to"].Value;
                if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal))
                {
                    continue;
                }

                var parts = target.Split('#', 2);
                var path = parts[0].Length == 0
                    ? Repository.PathOf(document)
                    : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Repository.PathOf(document))!, Uri.UnescapeDataString(parts[0])));
                if (!File.Exists(path) && !Directory.Exists(path))
                {
                    broken.Add($"{document}: {target}");
                }
                else if (parts.Length == 2 && path.EndsWith(".md", StringComparison.Ordinal)
                    && !Anchors(File.ReadAllText(path)).Contains(parts[1]))
                {
                    broken.Add($"{document}: {target} (no such heading)");
                }
            }
        }

        broken.ShouldBeEmpty();
    }

    [Fact]
    public void Decision_records_are_numbered_without_gaps_and_have_all_sections()
    {
        var records = Sources.Files("docs/decisions", "0*.md").OrderBy(f => f, StringComparer.Ordinal).ToList();
        records.ShouldNotBeEmpty();
        records.Select(r => int.Parse(Path.GetFileName(r)[..4])).ShouldBe(Enumerable.Range(1, records.Count));
        foreach (var record in records)
        {
            var text = Sources.Text(record);
            text.ShouldContain("## Decision", Case.Sensitive, record);
            text.ShouldContain("## Consequences", Case.Sensitive, record);
        }
    }

    [Fact]
    public void Configuration_reference_lists_every_option()
    {
        var reference = Repository.PathOf("docs", "configuration.md");
        if (!File.Exists(reference))
        {
            return; // Written with the first release; from then on it must be current.
        }

        var text = File.ReadAllText(reference);
        var missing = OptionTypes().SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(p => p.CanWrite && p.GetIndexParameters().Length == 0)
                .Where(p => !Regex.IsMatch(text, $@"\b{Regex.Escape(p.Name)}\b", RegexOptions.None, TimeSpan.FromSeconds(1)))
                .Select(p => $"{type.FullName}.{p.Name}"))
            .ToList();
        missing.ShouldBeEmpty("document them in docs/configuration.md");
    }

    private static IEnumerable<Type> OptionTypes()
    {
        var folder = Path.GetDirectoryName(Repository.ServerProgram())!;
        return Sources.Modules.Where(r => r != "host")
            .Select(r => Path.Combine(folder, $"Broadcast.{char.ToUpperInvariant(r[0])}{r[1..]}.dll"))
            .Append(Path.Combine(folder, "broadcast-server.dll"))
            .Where(File.Exists)
            .SelectMany(f => Assembly.LoadFrom(f).GetTypes())
            .Where(t => t is { IsClass: true, IsAbstract: false } && t.Name.EndsWith("Options", StringComparison.Ordinal)
                && t.Namespace?.StartsWith("Broadcast.", StringComparison.Ordinal) == true);
    }

    private static HashSet<string> Anchors(string markdown) =>
        [.. Heading().Matches(WithoutCode(markdown))
            .Select(m => NotInAnchor().Replace(m.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    private static string WithoutCode(string markdown) => Fence().Replace(markdown, "");

    [GeneratedRegex(@"\[[^\]]*\]\((?<to>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
