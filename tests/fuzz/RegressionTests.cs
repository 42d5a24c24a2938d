using Broadcast.Fuzz.Tests.Targets;
using Shouldly;
using Xunit;

namespace Broadcast.Fuzz.Tests;

/// <summary>Every seed and every find passes, and a short search of each parser finds nothing.</summary>
public sealed class RegressionTests
{
    public static TheoryData<string> Targets => [.. All.Targets.Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Seeds_and_earlier_finds_cause_no_failure(string name)
    {
        var files = Seeds.FilesOf(name).ToList();
        files.ShouldNotBeEmpty($"tests/fuzz/seeds/{name} is empty");
        foreach (var file in files)
        {
            Oracle.Judge(All.Of(name), File.ReadAllBytes(file)).Failure.ShouldBeNull(Path.GetFileName(file));
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Short_fuzzing_session_finds_nothing(string name)
    {
        var fuzzer = new Fuzzer(All.Of(name), Seeds.Of(name), new Random(7));
        fuzzer.Run(1500, (input, failure) => Assert.Fail($"{failure}: {Convert.ToHexString(input)}"));
        fuzzer.Shapes.ShouldBeGreaterThan(1, "the search sees no difference between inputs");
    }

    [Fact]
    public void Every_seed_folder_is_a_target_and_every_find_belongs_to_a_target()
    {
        var names = All.Targets.Select(t => t.Name).ToList();
        Directory.EnumerateDirectories(Broadcast.Testing.Repository.PathOf("tests", "fuzz", "seeds")).Select(Path.GetFileName)
            .ShouldBeSubsetOf(names);
        if (Directory.Exists(Seeds.Finds))
        {
            Directory.EnumerateFiles(Seeds.Finds, "*.bin").Select(f => Path.GetFileName(f)[..^17]).ShouldBeSubsetOf(names);
        }
    }
}
