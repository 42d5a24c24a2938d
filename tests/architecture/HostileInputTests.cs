using System.Globalization;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>Rules about hostile input: each has a test with its number in its name, and document and tests list the same numbers.</summary>
public sealed partial class HostileInputTests
{
    private static readonly string[] Rules = [.. Enumerable.Range(1, 76)
        .Select(i => string.Create(CultureInfo.InvariantCulture, $"H{i:00}"))];

    [Fact]
    public void Each_rule_has_a_test_with_its_number()
    {
        var tested = Sources.Files("tests", "*.cs").Where(f => !f.EndsWith("HostileInputTests.cs", StringComparison.Ordinal))
            .SelectMany(f => TestName().Matches(Sources.Text(f)).Select(m => m.Groups["rule"].Value))
            .ToHashSet(StringComparer.Ordinal);
        Rules.Where(r => !tested.Contains(r)).ShouldBeEmpty("hostile input that no test sends");
        tested.Except(Rules, StringComparer.Ordinal).ShouldBeEmpty("tests of rules that are not in docs/hostile-input.md");
    }

    [Fact]
    public void Each_rule_is_documented_once_and_code_refers_to_documented_rules_only()
    {
        var document = Sources.Text("docs/hostile-input.md");
        Row().Matches(document).Select(m => m.Groups["rule"].Value).ShouldBe(Rules);
        var named = Sources.Files("ingest", "*.cs").SelectMany(f => Named().Matches(Sources.Text(f)).Select(m => m.Groups["rule"].Value))
            .Distinct(StringComparer.Ordinal);
        named.Except(Rules, StringComparer.Ordinal).ShouldBeEmpty();
    }

    [GeneratedRegex(@"public (?:async Task|void) \w*?(?<rule>H\d\d)(?:_|\()")]
    private static partial Regex TestName();

    [GeneratedRegex(@"^\| (?<rule>H\d\d) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("\"(?<rule>H\\d\\d)\"")]
    private static partial Regex Named();
}
