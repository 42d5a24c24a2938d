using System.Text.RegularExpressions;
using System.Xml.Linq;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>
/// Assumptions of the image and the compose files about the repository. Building and running them needs Docker and is not tested here.
/// </summary>
public sealed partial class ContainerTests
{
    private const string Compose = "docker-compose.yml";
    private const string Cluster = "docker-compose.cluster.yml";

    private static readonly string Image = Sources.Text("infra/docker/Dockerfile");

    [Fact]
    public void Image_copies_every_project_file_before_restore_and_every_module_source_after()
    {
        var restore = Image.IndexOf("dotnet restore", StringComparison.Ordinal);
        foreach (var module in Sources.Modules)
        {
            Image.IndexOf($"COPY {module}/*.csproj {module}/\n", StringComparison.Ordinal).ShouldBeInRange(0, restore, module);
            Image.IndexOf($"COPY {module}/ {module}/\n", StringComparison.Ordinal).ShouldBeGreaterThan(restore, module);
        }
    }

    [Fact]
    public void Image_copies_every_root_file_that_the_build_reads()
    {
        string[] patterns = ["Directory.*.props", "Directory.*.targets", "global.json", "nuget.config", "NuGet.Config", "BannedSymbols.txt",
            ".editorconfig", ".globalconfig"];
        var read = patterns.SelectMany(p => Directory.EnumerateFiles(Repository.Root, p)).Select(Path.GetFileName).Distinct();
        var copied = CopiedFromContext().Where(c => !c.Contains('/', StringComparison.Ordinal));
        copied.ShouldBe(read, ignoreOrder: true);
    }

    [Fact]
    public void Every_path_copied_into_the_image_exists_and_is_in_the_build_context()
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
    public void Image_uses_the_target_framework_and_starts_the_built_program()
    {
        var framework = XDocument.Load(Repository.PathOf("Directory.Build.props")).Descendants("TargetFramework").Single()
            .Value["net".Length..];
        DotnetTag().Matches(Image).Select(m => m.Groups["version"].Value).ShouldBe([framework, framework]);
        var program = XDocument.Load(Repository.PathOf("host/Broadcast.Host.csproj")).Descendants("AssemblyName").Single().Value;
        Image.ShouldContain($"ENTRYPOINT [\"dotnet\", \"/app/{program}.dll\"]");
        foreach (var file in new[] { Compose, "docs/operations.md" })
        {
            Sources.Text(file).ShouldContain($"docker compose exec broadcast dotnet /app/{program}.dll channel create",
                Case.Sensitive, file);
        }
    }

    [Fact]
    public void Image_installs_the_same_packages_as_the_launcher_except_PostgreSQL()
    {
        var packages = ServePackage().Matches(Function(Sources.Text("infra/launcher/packages.sh"), "packages_to_serve"))
            .Select(m => m.Groups["name"].Value).ToList();
        packages.ShouldContain("ffmpeg");
        InstalledPackages().Match(Image).Groups["names"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .ShouldBe(packages.Where(p => p != "postgresql"), ignoreOrder: true);
    }

    [Theory]
    [InlineData(Compose)]
    [InlineData(Cluster)]
    public async Task Server_has_every_option_that_the_compose_file_sets(string file)
    {
        var options = ComposeOption().Matches(Sources.Text(file))
            .ToDictionary(m => m.Groups["name"].Value, m => (string?)Filled(m.Groups["value"].Value));
        options.ShouldContainKey("BROADCAST__Database__ConnectionString");
        var check = await ConfigurationCheck.RunAsync(options);
        check.ExitCode.ShouldBe(0, check.Error);

        // The successful check could also fail.
        options["BROADCAST__Storage__Buckets"] = "broadcast";
        (await ConfigurationCheck.RunAsync(options)).Error.ShouldContain("Storage:Buckets");
    }

    [Fact]
    public void Sample_settings_contain_exactly_the_variables_of_each_compose_file()
    {
        var asked = VariablesOf(Compose);
        VariablesOf(Cluster).ShouldBe(asked, ignoreOrder: true);
        var given = SampleVariable().Matches(Sources.Text("infra/docker/env.sample")).Select(m => m.Groups["name"].Value);
        given.ShouldBe(asked, ignoreOrder: true);
    }

    [Theory]
    [InlineData(Compose)]
    [InlineData(Cluster)]
    public void Compose_file_and_sample_settings_have_the_same_defaults(string file)
    {
        var sample = SampleVariable().Matches(Sources.Text("infra/docker/env.sample"))
            .ToDictionary(m => m.Groups["name"].Value, m => m.Groups["value"].Value);
        var defaults = ComposeVariable().Matches(Sources.Text(file)).Where(m => m.Groups["kind"].Value == ":-").ToList();
        defaults.ShouldNotBeEmpty();
        foreach (var variable in defaults)
        {
            sample[variable.Groups["name"].Value].ShouldBe(variable.Groups["rest"].Value, variable.Value);
        }
    }

    private static List<string> VariablesOf(string file) =>
        [.. ComposeVariable().Matches(Sources.Text(file)).Select(m => m.Groups["name"].Value).Distinct()];

    /// <summary>Replaces the variables of a value with their defaults, or with a stand-in for a secret.</summary>
    private static string Filled(string value) =>
        ComposeVariable().Replace(value, m => m.Groups["kind"].Value == ":-" ? m.Groups["rest"].Value : "0123456789abcdef").Trim('"');

    private static IEnumerable<string> CopiedFromContext() =>
        CopyLine().Matches(Image).Select(m => m.Groups["what"].Value.Split(' ')).SelectMany(words => words[..^1]);

    /// <summary>Returns the body of a shell function.</summary>
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
