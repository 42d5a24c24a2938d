using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>
/// All places where the product starts a process, and all inputs that it gives to ffmpeg. Bytes from publishers and callers of the API are
/// read by sandboxed workers only, with a fixed demuxer and limits.
/// </summary>
public sealed partial class ChildProcessTests
{
    /// <summary>Files that start a process without a sandbox, with the reason why its input can be trusted.</summary>
    private static readonly Dictionary<string, string> Unconfined = new(StringComparer.Ordinal)
    {
        ["control/Backup/PostgresClient.cs"] = "pg_dump, pg_restore and psql of the operator's command",
        ["database/Postgres/PostgresProgram.cs"] = "the private PostgreSQL",
        ["host/Commands/DemoCommand.cs"] = "ffmpeg of the operator's command, with generated video",
        ["host/Diagnostics/FfmpegCheck.cs"] = "ffmpeg -version, without input",
        ["transcoder/Workers/Sandbox.cs"] = "the shell that tests a sandbox, inside of it",
        ["transcoder/Workers/WorkerProcess.cs"] = "the command of a worker, which starts with its sandbox",
        ["transcoder/Workers/WorkerStarter.cs"] = "the thread on which WorkerProcess starts processes",
    };

    /// <summary>Starts of sandboxed workers, and their limits.</summary>
    private static readonly Dictionary<string, string> Workers = new(StringComparer.Ordinal)
    {
        ["transcoder/Encoders/EncoderWorker.cs"] = "_job.Limits",
        ["transcoder/Encoders/Probing/EncoderProbe.cs"] = "limits",
        ["transcoder/Slate/SlateVideo.cs"] = "_limits",
        ["transcoder/Thumbnails/ThumbnailWorker.cs"] = "WorkerLimits.Image",
    };

    /// <summary>Commands with an input that is not generated, and the inputs.</summary>
    private static readonly Dictionary<string, string[]> Inputs = new(StringComparer.Ordinal)
    {
        ["transcoder/Audio/AudioEncodeCommand.cs"] = ["AudioSocket"],
        ["transcoder/Encoders/EncodeCommand.cs"] = ["VideoSocket"],
        ["transcoder/Slate/SlateCommand.cs"] = ["VideoPipe", "SlateFile"],
        ["transcoder/Steady/SteadyCommand.cs"] = ["VideoSocket"],
        ["transcoder/Thumbnails/ThumbnailCommand.cs"] = ["VideoPipe"],
    };

    /// <summary>Files with ffmpeg options for an input: those of <see cref="Inputs"/>, and generated video and audio.</summary>
    private static readonly string[] InputOptions =
    [
        "host/Commands/DemoCommand.cs", "transcoder/Encoders/Probing/EncoderCandidate.cs", "transcoder/Encoders/ToneMapping.cs",
        "transcoder/Workers/WorkerInput.cs",
    ];

    [Fact]
    public void Every_file_that_starts_a_process_is_listed() =>
        Sources.ModuleFiles("*.cs").Where(file => Nodes<IdentifierNameSyntax>(file)
            .Any(name => name.Identifier.Text is "ProcessStartInfo" or "WorkerStarter" || IsProcessStart(name)))
            .ShouldBe(Unconfined.Keys, ignoreOrder: true,
                "start programs that read bytes of publishers or callers with WorkerProcess; list others here, with the reason");

    [Fact]
    public void Every_worker_has_limits_and_is_listed()
    {
        var starts = Sources.ModuleFiles("*.cs").SelectMany(file => Nodes<InvocationExpressionSyntax>(file)
            .Where(call => call.Expression.ToString() == "WorkerProcess.Start")
            .Select(call => (file, Limits: call.ArgumentList.Arguments
                .FirstOrDefault(a => a.NameColon?.Name.ToString() == "limits")?.Expression.ToString())));

        starts.Select(s => $"{s.file}: {s.Limits}").Order(StringComparer.Ordinal).ShouldBe(Workers.Select(w => $"{w.Key}: {w.Value}"));
    }

    [Fact]
    public void Every_input_of_ffmpeg_is_listed_and_has_a_fixed_demuxer()
    {
        var options = Sources.ModuleFiles("*.cs").SelectMany(file => Nodes<LiteralExpressionSyntax>(file)
            .Where(literal => literal.Token.ValueText is "-i" or "-y" or "-filter_script" or "-attach" or "-dump_attachment")
            .Select(literal => (file, literal)));
        foreach (var (file, literal) in options)
        {
            literal.Token.ValueText.ShouldBe("-i", $"{file}: an option that opens a file");
            InputOptions.Contains(file).ShouldBeTrue($"{file}: build the input with WorkerInput");
            PreviousElements(literal).ShouldBe(["\"-f\"", file.EndsWith("WorkerInput.cs", StringComparison.Ordinal) ? "Demuxer"
                : "\"lavfi\""], $"{file}: the demuxer must be fixed directly before the input");
        }

        options.Select(o => o.file).Distinct().Order(StringComparer.Ordinal).ShouldBe(InputOptions);
    }

    [Fact]
    public void Every_command_that_reads_untrusted_bytes_uses_a_listed_input()
    {
        var uses = Sources.ModuleFiles("*.cs").Select(file => (file, Names: Nodes<MemberAccessExpressionSyntax>(file)
            .Where(access => access.Expression.ToString() == "WorkerInput" && access.Name.Identifier.Text != "MaxSlatePixels")
            .Select(access => access.Name.Identifier.Text).ToArray())).Where(use => use.Names.Length > 0);

        uses.OrderBy(u => u.file, StringComparer.Ordinal).Select(u => $"{u.file}: {string.Join(' ', u.Names)}")
            .ShouldBe(Inputs.Select(i => $"{i.Key}: {string.Join(' ', i.Value)}"));
        var arguments = Sources.Text("transcoder/Workers/WorkerInput.cs");
        foreach (var option in (string[])["-protocol_whitelist", "-format_whitelist", "-codec_whitelist"])
        {
            arguments.ShouldContain($"\"{option}\", ");
        }
    }

    [Fact]
    public void No_script_of_the_product_starts_ffmpeg() =>
        Sources.Files("infra", "*").Append("broadcast").Where(file => !file.EndsWith(".md", StringComparison.Ordinal))
            .SelectMany(file => Sources.Text(file).Split('\n').Where(line => ProgramStart().IsMatch(line))
                .Select(line => $"{file}: {line}"))
            .ShouldBeEmpty();

    private static IEnumerable<T> Nodes<T>(string file)
        where T : SyntaxNode =>
        CSharpSyntaxTree.ParseText(Sources.Text(file), new CSharpParseOptions(LanguageVersion.Preview)).GetRoot().DescendantNodes()
            .OfType<T>();

    private static bool IsProcessStart(IdentifierNameSyntax name) =>
        name.Identifier.Text == "Process" && name.Parent is MemberAccessExpressionSyntax { Name.Identifier.Text: "Start" };

    /// <summary>Source text of the two collection elements before one.</summary>
    private static string[] PreviousElements(SyntaxNode element)
    {
        var siblings = element.AncestorsAndSelf().First(node => node.Parent is CollectionExpressionSyntax or InitializerExpressionSyntax);
        var all = siblings.Parent!.ChildNodes().Select(node => node.ToString()).ToList();
        var at = all.IndexOf(siblings.ToString());
        return [.. all.Take(at).TakeLast(2)];
    }

    [GeneratedRegex(@"(^|[\s;&|(])(ffmpeg|ffprobe)\s+-")]
    private static partial Regex ProgramStart();
}
