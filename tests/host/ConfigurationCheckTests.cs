using Broadcast.Host.Configuration;
using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public class ConfigurationCheckTests
{
    public sealed class Sample
    {
        public string? Name { get; set; }

        public int Count { get; set; }

        public TimeSpan Wait { get; set; }

        public bool On { get; set; }

        public string? SecretKey { get; set; }

        public int? SecretNumber { get; set; }
    }

    [Fact]
    public void Every_configuration_error_is_listed()
    {
        var errors = Errors(("Sample:Nmae", "x"), ("Sample:Count", "many"), ("Sample:Wait", "soon"), ("Smaple:Count", "1"));

        errors.Count.ShouldBe(4);
        errors.ShouldContain(m => m.Contains("Sample:Nmae is not an option; did you mean Name?"));
        errors.ShouldContain(m => m.Contains("Sample:Count is 'many', which is not a whole number"));
        errors.ShouldContain(m => m.Contains("Sample:Wait is 'soon', which is not a duration"));
        errors.ShouldContain(m => m.Contains("Smaple is not a configuration section; did you mean Sample?"));
    }

    [Fact]
    public void Valid_configuration_has_no_errors() =>
        Errors(("Sample:Name", "x"), ("sample:count", "3"), ("Sample:Wait", "00:00:05"), ("Sample:On", "true"),
            ("Serilog:MinimumLevel", "Debug")).ShouldBeEmpty();

    [Fact]
    public void Invalid_secret_is_not_shown() =>
        Errors(("Sample:SecretNumber", "hunter2")).ShouldHaveSingleItem()
        .ShouldSatisfyAllConditions(m => m.ShouldNotContain("hunter2"), m => m.ShouldContain("(hidden)"));

    [Fact]
    public void An_earlier_name_of_an_option_is_answered_with_the_current_one()
    {
        FindErrors(("Origin:BucketLists", "true")).ShouldHaveSingleItem()
            .ShouldBe("Origin:BucketLists was renamed to Origin:PublishManifests.");
        FindErrors(("SWITCH:SILENCE", "00:00:02"), ("SWITCH:OTHER", "1"))
            .ShouldBe(["SWITCH:OTHER is not an option.", "SWITCH:SILENCE was renamed to Failover:InputLossThreshold."], ignoreOrder: true);
        FindErrors(("Switch", "")).ShouldHaveSingleItem().ShouldBe("Switch was renamed to Failover.");
    }

    [Fact]
    public void An_earlier_name_is_unknown_and_its_current_name_exists()
    {
        var options = OptionSections.All.SelectMany(s => s.Value.GetProperties().Where(p => p.CanWrite).Select(p => $"{s.Key}:{p.Name}"))
            .Concat(OptionSections.All.Keys).ToHashSet(StringComparer.OrdinalIgnoreCase);
        RenamedOptions.All.Keys.Where(options.Contains).ShouldBeEmpty();
        RenamedOptions.All.Values.Where(name => !options.Contains(name)).ShouldBeEmpty();
        foreach (var (name, current) in RenamedOptions.All.Where(r => r.Key.Contains(':')))
        {
            FindErrors((name, "1")).ShouldHaveSingleItem().ShouldEndWith($"{name.Split(':')[1]} was renamed to {current}.");
        }
    }

    private static IReadOnlyList<string> FindErrors(params (string Key, string Value)[] values) => ConfigurationCheck.FindErrors(
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(v => v.Key, v => (string?)v.Value, StringComparer.Ordinal))
        .Build(),
        OptionSections.All);

    private static IReadOnlyList<string> Errors(params (string Key, string Value)[] values) => ConfigurationCheck.FindErrors(
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(v => v.Key, v => (string?)v.Value, StringComparer.Ordinal))
        .Build(),
        new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase) { ["Sample"] = typeof(Sample) });
}
