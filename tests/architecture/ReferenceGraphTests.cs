using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>
/// References point down only: host to every module, publisher to ingest, targets to publisher, every other module to media and, where it
/// owns tables, to database, media to nothing.
/// </summary>
public sealed class ReferenceGraphTests
{
    private static readonly Dictionary<string, string[]> AllowedPackages = new(StringComparer.Ordinal)
    {
        ["media"] = [],
        ["ingest"] = [],
        ["publisher"] = [],
        ["transcoder"] = [],
        ["packager"] = [],
        ["storage"] = ["AWSSDK.S3"],
        ["origin"] = [],
        ["cluster"] = ["Grpc.AspNetCore.Server", "Grpc.Net.Client", "Google.Protobuf", "Grpc.Tools"],
        ["targets"] = [],
        ["database"] = ["Npgsql", "Dapper"],
        ["chat"] = [],
        ["control"] = ["Microsoft.AspNetCore.OpenApi", "Yarp.ReverseProxy"],
        ["host"] =
        [
            "Serilog.AspNetCore", "System.CommandLine", "Spectre.Console", "OpenTelemetry.Extensions.Hosting", "OpenTelemetry.Exporter.OpenTelemetryProtocol",
        ],
    };

    private static string ProjectOf(string module) => ProjectFile.All.Single(p => p.Folder == module).Path;

    [Fact]
    public void Every_module_has_one_project_named_after_it()
    {
        foreach (var module in Sources.Modules)
        {
            ProjectOf(module).ShouldBe($"{module}/Broadcast.{char.ToUpperInvariant(module[0])}{module[1..]}.csproj");
        }
    }

    [Theory]
    [InlineData("ingest")]
    [InlineData("transcoder")]
    [InlineData("packager")]
    [InlineData("storage")]
    [InlineData("origin")]
    [InlineData("cluster")]
    [InlineData("database")]
    public void Module_references_media_and_no_other_module(string module) =>
        ProjectFile.All.Single(p => p.Folder == module).Projects.ShouldBe([ProjectOf("media")]);

    [Theory]
    [InlineData("chat")]
    [InlineData("control")]
    public void Module_with_tables_references_the_database(string module) =>
        ProjectFile.All.Single(p => p.Folder == module).Projects.ShouldBe([ProjectOf("database"), ProjectOf("media")]);

    [Fact]
    public void Publisher_references_only_ingest_whose_chunk_and_message_formats_it_writes() =>
        ProjectFile.All.Single(p => p.Folder == "publisher").Projects.ShouldBe([ProjectOf("ingest")]);

    [Fact]
    public void Targets_reference_the_publisher_whose_client_they_use() =>
        ProjectFile.All.Single(p => p.Folder == "targets").Projects.ShouldBe([ProjectOf("media"), ProjectOf("publisher")]);

    [Fact]
    public void Media_references_only_the_base_class_library()
    {
        var media = ProjectFile.All.Single(p => p.Folder == "media");
        media.Projects.ShouldBeEmpty();
        media.Packages.ShouldBeEmpty();
        Sources.Text(media.Path).ShouldNotContain("FrameworkReference");
        Sources.Text(media.Path).ShouldContain("Sdk=\"Microsoft.NET.Sdk\"");
    }

    [Fact]
    public void Host_references_every_module() =>
        ProjectFile.All.Single(p => p.Folder == "host").Projects
            .ShouldBe(Sources.Modules.Where(r => r != "host").Select(ProjectOf), ignoreOrder: true);

    [Fact]
    public void Only_tests_reference_the_host_or_other_tests()
    {
        foreach (var project in ProjectFile.All.Where(p => !p.Folder.StartsWith("tests/", StringComparison.Ordinal)))
        {
            project.Projects.ShouldNotContain(ProjectOf("host"), project.Path);
            project.Projects.ShouldAllBe(p => !p.StartsWith("tests/"), project.Path);
        }
    }

    [Fact]
    public void Module_uses_only_its_allowed_packages()
    {
        foreach (var module in Sources.Modules)
        {
            ProjectFile.All.Single(p => p.Folder == module).Packages.Except(AllowedPackages[module], StringComparer.Ordinal)
                .ShouldBeEmpty(
                    $"{module} takes packages that AllowedPackages in this test does not list: agree on them in docs/decisions first");
        }
    }

    [Fact]
    public void Solution_contains_exactly_all_projects()
    {
        var solution = Sources.Text("Broadcast.sln");
        var listed = solution.Split('"').Where(s => s.EndsWith(".csproj", StringComparison.Ordinal)).Select(s => s.Replace('\\', '/'));
        listed.ShouldBe(ProjectFile.All.Select(p => p.Path), ignoreOrder: true);
    }

    [Fact]
    public void Package_versions_are_defined_in_one_file()
    {
        foreach (var project in ProjectFile.All)
        {
            Sources.Text(project.Path).ShouldNotMatch("PackageReference[^>]*Version=", project.Path);
        }
    }

    [Fact]
    public void Every_allowed_package_is_used()
    {
        var used = ProjectFile.All.SelectMany(p => p.Packages).ToHashSet(StringComparer.Ordinal);
        foreach (var package in AllowedPackages.Values.SelectMany(p => p))
        {
            used.ShouldContain(package);
        }
    }
}
