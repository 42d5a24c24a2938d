using System.Text.RegularExpressions;
using System.Xml.Linq;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>What the image and the compose file take for granted of the repository. Whether they build and run is not tried here: that needs Docker.</summary>
public sealed partial class ContainerTests
{
    private const string Compose = "docker-compose.yml";

    private static readonly string Image = Sources.Text("infra/docker/Dockerfile");

    [Fact]
    public void Every_room_goes_into_the_image_its_project_before_restoring_and_its_sources_after()
    {
        var restore = Image.IndexOf("dotnet restore", StringComparison.Ordinal);
        foreach (var room in Sources.Rooms)
        {
            Image.IndexOf($"COPY {room}/*.csproj {room}/\n", StringComparison.Ordinal).ShouldBeInRange(0, restore, room);
            Image.IndexOf($"COPY {room}/ {room}/\n", StringComparison.Ordinal).ShouldBeGreaterThan(restore, room);
        }
    }

    [Fact]
    public void Every_file_at_the_root_that_a_build_reads_goes_into_the_image()
    {
        string[] patterns = ["Directory.*.props", "Directory.*.targets", "global.json", "nuget.config", "NuGet.Config", "BannedSymbols.txt", ".editorconfig", ".globalconfig"];
        var read = patterns.SelectMany(p => Directory.EnumerateFiles(Repository.Root, p)).Select(Path.GetFileName).Distinct();
        var copied = CopiedFromContext().Where(c => !c.Contains('/', StringComparison.Ordinal));
        copied.ShouldBe(read, ignoreOrder: true);
    }

    [Fact]
    public void All_that_the_image_copies_is_there_and_is_sent_to_the_builder()
    {
        var sent = Sources.Text(".dockerignore").Split('\n').Where(l => l.StartsWith('!')).Select(l => l[1..]).ToList();
        foreach (var copied in CopiedFromContext())
        {
            var path = copied.Replace("/*.csproj", "", StringComparison.Ordinal).TrimEnd('/');
            (File.Exists(Repository.PathOf(path)) || Directory.Exists(Repository.PathOf(path))).ShouldBeTrue($"COPY {copied}");
            sent.ShouldContain(path.Split('/')[0], $"COPY {copied}");
        }
    }

    [Fact]
    public void The_image_is_made_with_the_framework_that_is_built_for_and_starts_the_program_that_is_built()
    {
        var framework = XDocument.Load(Repository.PathOf("Directory.Build.props")).Descendants("TargetFramework").Single().Value["net".Length..];
        DotnetTag().Matches(Image).Select(m => m.Groups["version"].Value).ShouldBe([framework, framework]);
        var program = XDocument.Load(Repository.PathOf("host/Broadcast.Host.csproj")).Descendants("AssemblyName").Single().Value;
        Image.ShouldContain($"ENTRYPOINT [\"dotnet\", \"/app/{program}.dll\"]");
        foreach (var file in new[] { Compose, "docs/operations.md" })
        {
            Sources.Text(file).ShouldContain($"docker compose exec broadcast dotnet /app/{program}.dll channel create", Case.Sensitive, file);
        }
    }

    [Fact]
    public void The_image_has_what_the_launcher_installs_to_serve_except_the_private_database()
    {
        var packages = ServePackage().Matches(Function(Sources.Text("infra/launcher/packages.sh"), "packages_to_serve")).Select(m => m.Groups["name"].Value).ToList();
        packages.ShouldContain("ffmpeg");
        InstalledPackages().Match(Image).Groups["names"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .ShouldBe(packages.Where(p => p != "postgresql"), ignoreOrder: true);
    }

    [Fact]
    public async Task The_server_knows_every_option_that_the_compose_file_sets()
    {
        var options = ComposeOption().Matches(Sources.Text(Compose)).ToDictionary(m => m.Groups["name"].Value, m => (string?)Filled(m.Groups["value"].Value));
        options.ShouldContainKey("BROADCAST__Database__ConnectionString");
        var check = await CheckAsync(options);
        check.ExitCode.ShouldBe(0, check.Error);

        // The check that passed is one that fails.
        options["BROADCAST__Storage__Buckets"] = "broadcast";
        (await CheckAsync(options)).Error.ShouldContain("Storage:Buckets");
    }

    [Fact]
    public void Every_variable_of_the_compose_file_is_in_the_sample_of_its_settings_and_no_other()
    {
        var asked = ComposeVariable().Matches(Sources.Text(Compose)).Select(m => m.Groups["name"].Value).Distinct();
        var given = SampleVariable().Matches(Sources.Text("infra/docker/env.sample")).Select(m => m.Groups["name"].Value);
        given.ShouldBe(asked, ignoreOrder: true);
    }

    [Fact]
    public void Defaults_of_the_compose_file_are_those_of_the_sample()
    {
        var sample = SampleVariable().Matches(Sources.Text("infra/docker/env.sample")).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["value"].Value);
        var defaults = ComposeVariable().Matches(Sources.Text(Compose)).Where(m => m.Groups["kind"].Value == ":-").ToList();
        defaults.ShouldNotBeEmpty();
        foreach (var variable in defaults)
        {
            sample[variable.Groups["name"].Value].ShouldBe(variable.Groups["rest"].Value, variable.Value);
        }
    }

    private static async Task<ProcessResult> CheckAsync(Dictionary<string, string?> options)
    {
        await using var folder = TempFolder.Create("compose");
        return await ChildProcess.RunAsync("dotnet", [Repository.ServerProgram(), "config", "check", "--data", folder.Path], environment: options);
    }

    /// <summary>A value with its variables filled in: the default, or a stand-in for a secret.</summary>
    private static string Filled(string value) =>
        ComposeVariable().Replace(value, m => m.Groups["kind"].Value == ":-" ? m.Groups["rest"].Value : "0123456789abcdef").Trim('"');

    private static IEnumerable<string> CopiedFromContext() =>
        CopyLine().Matches(Image).Select(m => m.Groups["what"].Value.Split(' ')).SelectMany(words => words[..^1]);

    /// <summary>A shell function's body.</summary>
    private static string Function(string script, string name)
    {
        var start = script.IndexOf($"{name}() {{", StringComparison.Ordinal);
        start.ShouldBeGreaterThan(-1, name);
        return script[start..script.IndexOf("\n}", start, StringComparison.Ordinal)];
    }

    [GeneratedRegex(@"^COPY (?!--from)(?<what>.+)$", RegexOptions.Multiline)]
    private static partial Regex CopyLine();

    [GeneratedRegex(@"^FROM mcr\.microsoft\.com/dotnet/(?:sdk|aspnet):(?<version>\S+)", RegexOptions.Multiline)]
    private static partial Regex DotnetTag();

    [GeneratedRegex(@"apt-get install -y --no-install-recommends (?<names>[^\\&\n]+)")]
    private static partial Regex InstalledPackages();

    [GeneratedRegex(@"echo '(?<name>[^|']+)\|")]
    private static partial Regex ServePackage();

    [GeneratedRegex(@"^ +(?<name>BROADCAST__\w+): (?<value>.+)$", RegexOptions.Multiline)]
    private static partial Regex ComposeOption();

    [GeneratedRegex(@"(?<!\$)\$\{(?<name>\w+)(?<kind>:[-?])(?<rest>[^}]*)\}")]
    private static partial Regex ComposeVariable();

    [GeneratedRegex(@"^(?<name>[A-Z0-9_]+)=(?<value>.*)$", RegexOptions.Multiline)]
    private static partial Regex SampleVariable();
}
