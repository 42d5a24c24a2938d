using Broadcast.Testing;

namespace Broadcast.Architecture.Tests;

/// <summary>
/// The launcher in a small copy of the repository, with stand-ins for the SDK, Node and the package manager that record their calls. PATH
/// contains only them and basic system tools.
/// </summary>
internal sealed class LauncherFixture : IAsyncDisposable
{
    private static readonly string[] SystemTools =
    [
        "bash", "env", "dirname", "basename", "readlink", "cat", "mkdir", "find", "sort", "sha256sum", "cut", "flock", "grep", "sed", "awk",
        "head", "tail",
        "sleep", "rm", "cp", "mv", "diff", "touch", "timeout",
    ];

    private readonly TempFolder _folder = TempFolder.Create("launch");

    public LauncherFixture()
    {
        Directory.CreateDirectory(Tools);
        Directory.CreateDirectory(Root);
        foreach (var tool in SystemTools)
        {
            File.CreateSymbolicLink(Path.Combine(Tools, tool), new[] { "/usr/bin/", "/bin/" }.Select(f => f + tool).First(File.Exists));
        }

        Copy("broadcast");
        foreach (var part in Sources.Files("infra/launcher", "*"))
        {
            Copy(part);
        }

        foreach (var module in Sources.Modules)
        {
            Write($"{module}/Code.cs", "// " + module);
        }

        Write("dashboard/package.json", "{}");
        Write("dashboard/package-lock.json", "{}");
        Tool("dotnet", """
            case $1 in
              --list-sdks) echo "10.0.100 [/sdk]" ;;
              build)
                [ -e "$ROOT/broken" ] && { echo "noise"; echo "$ROOT/host/Code.cs(3,7): error CS1002: ; expected [$ROOT/host/Broadcast.Host.csproj]"; exit 1; }
                while [ -e "$ROOT/hold" ]; do sleep 0.02; done
                mkdir -p host/bin/Release/net10.0
                touch host/bin/Release/net10.0/broadcast-server.dll
                ;;
              */broadcast-server.dll) shift; printf '{"arguments":"%s"}\n' "$*"; exit 7 ;;
              *.Tests.dll) . "${1%.dll}.sh" ;;
            esac
            """);
        Tool("npm", """
            case "$*" in
              *" ci "*) mkdir -p "$ROOT/dashboard/node_modules" ;;
              *" run build"*) mkdir -p "$ROOT/dashboard/dist"; echo page >"$ROOT/dashboard/dist/watch.html" ;;
            esac
            """);
        Tool("node", "echo v20.1.0");
        Tool("ffmpeg", "");
        Tool("apt-get", """
            [ -e "$ROOT/stale" ] && case "$*" in
              *update*) rm "$ROOT/stale" ;;
              *) echo "E: Unable to locate package ffmpeg"; exit 100 ;;
            esac
            case "$*" in *install*) cp "$TOOLS/true-tool" "$TOOLS/ffmpeg" ;; esac
            """);
        Tool("true-tool", "");
        Tool("id", "echo 0");
    }

    public string Root => _folder.Sub("repository");

    public string Tools => _folder.Sub("tools");

    /// <summary>Calls of the stand-ins, one per line.</summary>
    public IReadOnlyList<string> Calls => File.Exists(_folder.Sub("calls")) ? File.ReadAllLines(_folder.Sub("calls")) : [];

    public int Builds => Calls.Count(c => c.StartsWith("dotnet build", StringComparison.Ordinal));

    public void Write(string path, string text)
    {
        var absolute = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(absolute)!);
        File.WriteAllText(absolute, text);
    }

    public void Delete(string path) => File.Delete(Path.Combine(Root, path));

    public bool Exists(string path) => File.Exists(Path.Combine(Root, path));

    public string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Puts a program on the PATH.</summary>
    public void Tool(string name, string script)
    {
        var path = Path.Combine(Tools, name);
        File.Delete(path);
        var log = name == "true-tool" ? "" : $"echo \"{name} $*\" >>\"{_folder.Sub("calls")}\"\n";
        File.WriteAllText(path, $"#!{Tools}/bash\nROOT={Root}\nTOOLS={Tools}\n{log}{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public void RemoveTool(string name) => File.Delete(Path.Combine(Tools, name));

    public void UseRealTool(string name, string path)
    {
        RemoveTool(name);
        File.CreateSymbolicLink(Path.Combine(Tools, name), path);
    }

    public ChildProcess Start(params string[] arguments) =>
        ChildProcess.Start(Path.Combine(Tools, "bash"), [Path.Combine(Root, "broadcast"), .. arguments], Variables(), "/");

    public Task<ProcessResult> RunAsync(params string[] arguments) => RunFromAsync(Path.Combine(Root, "broadcast"), arguments);

    public Task<ProcessResult> RunFromAsync(string script, params string[] arguments) =>
        ChildProcess.RunAsync(Path.Combine(Tools, "bash"), [script, .. arguments], environment: Variables(), workingDirectory: "/");

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    private Dictionary<string, string?> Variables() =>
        new(StringComparer.Ordinal) { ["PATH"] = Tools, ["HOME"] = _folder.Path, ["DOTNET_ROOT"] = null, ["CI"] = null };

    private void Copy(string path) => Write(path, Sources.Text(path));
}
