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
        var mistakes = Mistakes(("Sample:Nmae", "x"), ("Sample:Count", "many"), ("Sample:Wait", "soon"), ("Smaple:Count", "1"));

        mistakes.Count.ShouldBe(4);
        mistakes.ShouldContain(m => m.Contains("Sample:Nmae is not an option; did you mean Name?"));
        mistakes.ShouldContain(m => m.Contains("Sample:Count is 'many', which is not a whole number"));
        mistakes.ShouldContain(m => m.Contains("Sample:Wait is 'soon', which is not a duration"));
        mistakes.ShouldContain(m => m.Contains("Smaple is not a configuration section; did you mean Sample?"));
    }

    [Fact]
    public void Valid_configuration_has_no_errors() =>
        Mistakes(("Sample:Name", "x"), ("sample:count", "3"), ("Sample:Wait", "00:00:05"), ("Sample:On", "true"), ("Serilog:MinimumLevel", "Debug")).ShouldBeEmpty();

    [Fact]
    public void Invalid_secret_is_not_shown() =>
        Mistakes(("Sample:SecretNumber", "hunter2")).ShouldHaveSingleItem().ShouldSatisfyAllConditions(m => m.ShouldNotContain("hunter2"), m => m.ShouldContain("(hidden)"));

    private static IReadOnlyList<string> Mistakes(params (string Key, string Value)[] values) => ConfigurationCheck.FindErrors(
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(v => v.Key, v => (string?)v.Value, StringComparer.Ordinal)).Build(),
        new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase) { ["Sample"] = typeof(Sample) });
}
