using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>Result of <c>./broadcast test</c>: the last line reports all failures of test projects, and the exit code matches.</summary>
public sealed partial class TestRunTests : IAsyncLifetime
{
    private readonly LauncherFixture _launcher = new();

    public ValueTask InitializeAsync()
    {
        // A real node reads the reports; the copy has no dashboard to test.
        _launcher.UseRealTool("node", Path.GetFullPath(
            new[] { "/usr/bin/node", "/usr/local/bin/node", "/opt/node/bin/node" }.FirstOrDefault(File.Exists) ?? FindNode()));
        _launcher.Delete("dashboard/package.json");
        foreach (var tool in new[] { "chromium", "gst-launch-1.0", "xmllint", "radosgw", "ceph-mon", "ceph-osd", "ceph" })
        {
            _launcher.Tool(tool, "");
        }

        _launcher.Tool("dpkg-query", "printf installed");
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _launcher.DisposeAsync();

    [Fact]
    public async Task Totals_of_all_projects_end_the_output_after_skipped_tests()
    {
        Project("alpha",
            Report("""{"name":"A.Works","status":"passed"},{"name":"A.Rests","status":"skipped","extra":{"reason":"no camera"}}"""), 0);
        Project("beta", Report("""{"name":"B.Works","status":"passed"}"""), 0);
        var result = await _launcher.RunAsync("test");
        result.Output.Split('\n')[^1].ShouldBe("2 passed, 0 failed, 1 skipped");
        result.Output.ShouldContain("A.Rests: no camera");
        result.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Failure_is_printed_in_full_and_sets_the_exit_code()
    {
        Project("alpha", Report("""{"name":"A.Breaks","status":"failed","message":"expected 1\nbut was 2","trace":"at A.cs:line 7"}"""), 1);
        var result = await _launcher.RunAsync("test");
        result.Output.ShouldContain("A.Breaks");
        result.Output.ShouldContain("but was 2");
        result.Output.ShouldContain("A.cs:line 7");
        result.Output.Split('\n')[^1].ShouldBe("0 passed, 1 failed, 0 skipped");
        result.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task Crashed_project_counts_as_a_failure_and_other_projects_still_run()
    {
        Project("alpha", "echo 'Fatal error. Out of luck.'", 134);
        Project("beta", Report("""{"name":"B.Works","status":"passed"}"""), 0);
        var result = await _launcher.RunAsync("test");
        result.Output.ShouldContain("alpha exited with code 134 and no report");
        result.Output.ShouldContain("Out of luck");
        result.Output.Split('\n')[^1].ShouldBe("1 passed, 1 failed, 0 skipped");
        result.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task Project_without_tests_counts_as_a_failure()
    {
        Project("alpha", Report(""), 0);
        var result = await _launcher.RunAsync("test");
        result.Output.ShouldContain("alpha ran no test");
        result.Output.Split('\n')[^1].ShouldBe("0 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public async Task Fixture_failure_outside_of_tests_counts_as_a_failure()
    {
        Project("alpha", Report("""{"name":"A.Works","status":"passed"}""", """{"name":"Server","message":"did not stop"}"""), 1);
        var result = await _launcher.RunAsync("test");
        result.Output.ShouldContain("did not stop");
        result.Output.Split('\n')[^1].ShouldBe("1 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public async Task Failed_build_also_ends_with_the_totals()
    {
        Project("alpha", Report(""), 0);
        _launcher.Write("broken", "");
        var result = await _launcher.RunAsync("test");
        result.Output.ShouldContain("error CS1002");
        result.Output.Split('\n')[^1].ShouldBe("0 passed, 1 failed, 0 skipped");
        result.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task Failed_whole_server_test_is_repeated_alone_and_its_first_failure_is_printed()
    {
        Project("endtoend",
            OnSecondRun("""{"name":"E.Breaks(how: \"x\")","status":"passed"}""",
                Report(
                    """{"name":"E.Works","status":"passed"},{"name":"E.Breaks(how: \"x\")","status":"failed","message":"no frame for 9 s"}""")), 1);
        var result = await _launcher.RunAsync("test");
        result.Output.ShouldContain("Passed only when repeated");
        result.Output.ShouldContain("no frame for 9 s");
        result.Output.Split('\n')[^1].ShouldBe("2 passed, 0 failed, 0 skipped");
        result.ExitCode.ShouldBe(0);
        _launcher.Calls.Last(call => call.Contains("endtoend", StringComparison.Ordinal)).ShouldEndWith(" -method E.Breaks");
    }

    [Fact]
    public async Task Repeated_failure_and_many_failures_at_once_fail_the_test_command()
    {
        Project("endtoend", OnSecondRun("""{"name":"E.Breaks","status":"failed","message":"still none"}""",
            Report("""{"name":"E.Breaks","status":"failed","message":"no frame"}""")), 1);
        var result = await _launcher.RunAsync("test");
        result.Output.ShouldContain("no frame");
        result.Output.Split('\n')[^1].ShouldBe("0 passed, 1 failed, 0 skipped");
        result.ExitCode.ShouldBe(1);

        var many = string.Join(',', Enumerable.Range(1, 4).Select(number => $$"""{"name":"E.Breaks{{number}}","status":"failed"}"""));
        Project("endtoend", OnSecondRun(many.Replace("failed", "passed", StringComparison.Ordinal), Report(many)), 1);
        (await _launcher.RunAsync("test")).Output.Split('\n')[^1].ShouldBe("0 passed, 4 failed, 0 skipped");
    }

    [Fact]
    public async Task Failed_fast_test_is_repeated_too()
    {
        Project("alpha", OnSecondRun("""{"name":"A.Breaks","status":"passed"}""", Report("""{"name":"A.Breaks","status":"failed"}""")), 1);
        var result = await _launcher.RunAsync("test");
        result.Output.ShouldContain("Passed only when repeated alone");
        result.Output.Split('\n')[^1].ShouldBe("1 passed, 0 failed, 0 skipped");
    }

    [Fact]
    public async Task Test_projects_can_be_named_and_fast_omits_slow_ones()
    {
        Project("alpha", Report("""{"name":"A.Works","status":"passed"}"""), 0);
        Project("endtoend", Report("""{"name":"E.Works","status":"passed"}"""), 0);
        (await _launcher.RunAsync("test", "--fast")).Output.ShouldEndWith("\n1 passed, 0 failed, 0 skipped");
        (await _launcher.RunAsync("test", "endtoend")).Output.ShouldContain("[1/1] endtoend");
        (await _launcher.RunAsync("test", "nowhere")).ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task Fuzz_option_passes_minutes_seed_and_parsers_to_the_fuzzer()
    {
        _launcher.Write("tests/fuzz/Code.cs", "");
        _launcher.Write("tests/fuzz/bin/Release/net10.0/Broadcast.Fuzz.Tests.sh", "shift; echo \"$*\"; exit 1");
        var result = await _launcher.RunAsync("test", "--fuzz", "0.5", "--seed", "3", "amf", "chunks");
        result.Output.ShouldEndWith("\nfuzz --minutes 0.5 --seed 3 amf chunks");
        result.ExitCode.ShouldBe(1);
        (await _launcher.RunAsync("test", "--fuzz", "long")).Output.ShouldContain("--fuzz requires minutes");
    }

    [Fact]
    public async Task Screenshots_option_runs_only_the_browser_screenshot_tests_and_creates_the_folder()
    {
        Project("alpha", Report("""{"name":"A.Works","status":"passed"}"""), 0);
        Project("browser", "echo \"$BROADCAST_SCREENSHOTS|$*\" >\"$ROOT/asked\"\n"
            + Report("""{"name":"PageScreenshotTests.Shows","status":"passed"}"""), 0);
        var folder = Path.Combine(_launcher.Root, "looks", "today");
        foreach (var arguments in new string[][] { ["--screenshots", folder], [$"--screenshots={folder}"] })
        {
            var result = await _launcher.RunAsync(["test", .. arguments]);
            result.Output.ShouldContain("[1/1] browser");
            result.Output.ShouldContain($"Screenshots: {folder}");
            result.ExitCode.ShouldBe(0);
            _launcher.Read("asked").ShouldStartWith($"{folder}|");
            _launcher.Read("asked").ShouldContain("-method *PageScreenshot*");
            Directory.Exists(folder).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Golden_files_are_renewed_only_with_the_renew_option()
    {
        Project("alpha", "echo \"[${BROADCAST_RENEW_GOLDEN:-}]\" >\"$ROOT/asked\"\n"
            + Report("""{"name":"A.Works","status":"passed"}"""), 0);
        (await _launcher.RunAsync("test", "alpha")).ExitCode.ShouldBe(0);
        _launcher.Read("asked").Trim().ShouldBe("[]");
        (await _launcher.RunAsync("test", "--renew-golden", "alpha")).ExitCode.ShouldBe(0);
        _launcher.Read("asked").Trim().ShouldBe("[1]");
    }

    [Fact]
    public async Task Cluster_option_runs_only_whole_server_tests_with_two_servers()
    {
        Project("alpha", Report("""{"name":"A.Works","status":"passed"}"""), 0);
        const string Ask = "echo \"[${BROADCAST_TEST_SERVERS:-}${BROADCAST_TEST_RELAY:+ relay}]\" >\"$ROOT/asked\"\n";
        Project("endtoend", Ask
            + Report("""{"name":"E.Works","status":"passed"}"""), 0);
        (await _launcher.RunAsync("test", "endtoend")).ExitCode.ShouldBe(0);
        _launcher.Read("asked").Trim().ShouldBe("[]");
        foreach (var (arguments, variables) in new[]
        {
            ("test --cluster", "[2]"), ("test --cluster endtoend", "[2]"), ("test --cluster --relay", "[2 relay]"),
        })
        {
            var result = await _launcher.RunAsync(arguments.Split(' '));
            result.Output.ShouldContain("[1/1] endtoend");
            result.ExitCode.ShouldBe(0);
            _launcher.Read("asked").Trim().ShouldBe(variables);
        }

        (await _launcher.RunAsync("test", "--relay")).Output.ShouldContain("--relay requires --cluster");

        (await _launcher.RunAsync("test", "--cluster", "alpha")).Output.ShouldContain("--cluster runs only the tests of endtoend");
    }

    [Fact]
    public async Task Every_test_option_in_the_usage_is_accepted()
    {
        var usage = (await _launcher.RunAsync("help")).Output.Split('\n')
            .SkipWhile(line => !line.StartsWith("  test ", StringComparison.Ordinal))
            .TakeWhile(line => !line.StartsWith("  bench ", StringComparison.Ordinal));
        var named = usage.SelectMany(line => OptionName().Matches(line)).Select(match => match.Value)
            .Distinct(StringComparer.Ordinal).ToList();
        named.ShouldBe(["--fast", "--cluster", "--relay", "--renew-golden", "--filter", "--screenshots", "--fuzz", "--seed"],
            ignoreOrder: true);

        // Each call ends with an unknown option; only that option is reported.
        foreach (var option in named)
        {
            var isSwitch = option is "--fast" or "--cluster" or "--relay" or "--renew-golden";
            var result = await _launcher.RunAsync(isSwitch ? ["test", option, "--nonsense"] : ["test", option, "1", "--nonsense"]);
            result.ExitCode.ShouldNotBe(0);
            result.Output.ShouldContain("unknown option --nonsense", customMessage: option);
            if (!isSwitch)
            {
                (await _launcher.RunAsync("test", option)).Output.ShouldContain($"{option} requires");
            }
        }
    }

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex OptionName();

    private static string FindNode() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(f => Path.Combine(f, "node")).First(File.Exists);

    private static string Report(string tests, string errors = "") =>
        "while [ $# -gt 1 ]; do [ \"$1\" = -ctrf ] && report=$2; shift; done\n"
        + $$$"""cat >"$report" <<'JSON'{{{"\n"}}}{"results":{"extra":{"suites":[{"errors":[{{{errors}}}]}]},"tests":[{{{tests}}}]}}{{{"\n"}}}JSON""";

    /// <summary>
    /// Returns the script of a project that reports <paramref name="tests"/> when run with a selection of methods, and succeeds if none
    /// failed.
    /// </summary>
    private static string OnSecondRun(string tests, string first) => $"""
        case "$*" in *-method*)
        {Report(tests)}
        grep -q '"failed"' "$report" && exit 1
        exit 0
        esac
        {first}
        """;

    private void Project(string name, string script, int exitCode)
    {
        _launcher.Write($"tests/{name}/{name}.Tests.csproj", "");
        _launcher.Write($"tests/{name}/bin/Release/net10.0/{name}.Tests.sh", $"{script}\nexit {exitCode}");
    }
}
