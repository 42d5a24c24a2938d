using System.Xml.Linq;
using Broadcast.Testing;

namespace Broadcast.Architecture.Tests;

/// <summary>Files of the repository.</summary>
internal static class Sources
{
    public static readonly string[] Modules =
        ["media", "ingest", "publisher", "transcoder", "packager", "storage", "origin", "cluster", "targets", "database", "chat", "control",
            "host"];

    private static readonly HashSet<string> NotSources =
        ["bin", "obj", "node_modules", "dist", "data", "artifacts", "wwwroot", "TestResults", "BenchmarkDotNet.Artifacts", ".git", ".build",
            ".vs", "shared"];

    /// <summary>Files below a folder, relative to the root of the repository, without build outputs.</summary>
    public static IEnumerable<string> Files(string under, string pattern)
    {
        var pending = new Stack<string>([Repository.PathOf(under)]);
        while (pending.TryPop(out var folder))
        {
            if (!Directory.Exists(folder))
            {
                continue;
            }

            foreach (var file in Directory.EnumerateFiles(folder, pattern))
            {
                yield return Relative(file);
            }

            foreach (var child in Directory.EnumerateDirectories(folder).Where(c => !NotSources.Contains(Path.GetFileName(c))))
            {
                pending.Push(child);
            }
        }
    }

    public static IEnumerable<string> ModuleFiles(string pattern) => Modules.SelectMany(module => Files(module, pattern));

    public static IEnumerable<string> Folders(string under) =>
        Files(under, "*").Select(f => Path.GetDirectoryName(f)!).SelectMany(Ancestors).Distinct(StringComparer.Ordinal);

    public static string Text(string relative) => File.ReadAllText(Repository.PathOf(relative));

    public static string Relative(string absolute) => Path.GetRelativePath(Repository.Root, absolute).Replace('\\', '/');

    private static IEnumerable<string> Ancestors(string folder)
    {
        for (var f = folder; !string.IsNullOrEmpty(f); f = Path.GetDirectoryName(f)!)
        {
            yield return f;
        }
    }
}

/// <summary>A project file.</summary>
internal sealed record ProjectFile(string Path, IReadOnlyList<string> Projects, IReadOnlyList<string> Packages)
{
    /// <summary>Folder of the project: a module's name, or <c>tests/…</c>.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    public static IReadOnlyList<ProjectFile> All { get; } =
        [.. Sources.Files("", "*.csproj").Select(Read).OrderBy(p => p.Path, StringComparer.Ordinal)];

    private static ProjectFile Read(string path)
    {
        var xml = XDocument.Load(Repository.PathOf(path));
        var folder = System.IO.Path.GetDirectoryName(Repository.PathOf(path))!;
        return new ProjectFile(path,
            [.. xml.Descendants("ProjectReference")
                .Select(r => Sources.Relative(
                    System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, r.Attribute("Include")!.Value.Replace('\\', '/')))))],
            [.. xml.Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value)]);
    }
}
