using System.CommandLine;
using System.Net.Sockets;
using Broadcast.Publisher;

namespace Broadcast.Host.Commands;

/// <summary><c>load publish</c>: publishes many copies of one FLV file in real time from one process, at low cost.</summary>
internal static class LoadCommand
{
    public static Command Create()
    {
        var file = new Option<FileInfo>("--file") { Description = "FLV file to loop, with H.264 and AAC or Enhanced RTMP codecs",
            HelpName = "FILE", Required = true };
        var url = new Option<string?>("--url") { Description = "rtmp://HOST:PORT/APP/KEY; {n} is replaced by 1 to --count",
            HelpName = "URL" };
        var urls = new Option<FileInfo?>("--urls") { Description = "File with one URL per line, instead of --url and --count",
            HelpName = "FILE" };
        var count = new Option<int>("--count") { Description = "Number of connections", HelpName = "N", DefaultValueFactory = _ => 1 };
        var seconds = new Option<double>("--seconds") { Description = "Seconds for which each connection publishes", HelpName = "N",
            DefaultValueFactory = _ => 30 };
        var rate = new Option<double>("--rate") { Description = "Connections per second", HelpName = "N", DefaultValueFactory = _ => 50 };
        var chunkSize = new Option<int>("--chunk-size") { Description = "RTMP chunk size in bytes", HelpName = "BYTES",
            DefaultValueFactory = _ => RtmpPublisher.DefaultChunkSize };
        var publish = new Command("publish", "Publish many copies of a file in real time") { file, url, urls, count, seconds, rate,
            chunkSize };
        publish.SetAction(CommandOutput.HandleErrors(async (parsed, cancellationToken) =>
        {
            var targets = await TargetsAsync(parsed.GetValue(url), parsed.GetValue(urls), parsed.GetValue(count), cancellationToken);
            var path = parsed.GetValue(file)!;
            var media = FlvFileReader.Read(path.Exists ? await File.ReadAllBytesAsync(path.FullName, cancellationToken)
                : throw new StartException($"File not found: {path.FullName}"));
            var load = new LoadPublisher(
                new LoadPlan(targets, media, TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(seconds), 0.1, 1e6)), parsed.GetValue(rate),
                    parsed.GetValue(chunkSize)), TimeProvider.System);
            LoadReport report;
            try
            {
                report = await load.RunAsync(cancellationToken);
            }
            catch (Exception e) when (e is ArgumentException or SocketException)
            {
                throw new StartException(e.Message, e);
            }

            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(new
                {
                    asked = report.Requested, accepted = report.Accepted, failed = report.Failed, bytes = report.Bytes,
                    frames = report.Frames, stalls = report.Stalls,
                    behind = report.MaxDelay.TotalMilliseconds,
                    acceptP50 = report.AcceptedWithin(0.5).TotalMilliseconds, acceptP99 = report.AcceptedWithin(0.99).TotalMilliseconds,
                    errors = report.Errors,
                });
            }
            else
            {
                Console.Out.WriteLine(
                    $"{report.Accepted} of {report.Requested} accepted (p50 {report.AcceptedWithin(0.5).TotalMilliseconds:0.0} ms, "
                    + $"p99 {report.AcceptedWithin(0.99).TotalMilliseconds:0.0} ms), "
                    + $"{report.Failed} failed, {report.Bytes / 1e6:0.0} MB and {report.Frames} frames sent, {report.Stalls} "
                        + $"stalls, {report.MaxDelay.TotalMilliseconds:0} ms lag at the "
                            + $"end.{string.Concat(report.Errors.Select(e => "\n  " + e))}");
            }

            return report.Failed == 0 && report.Accepted == report.Requested ? 0 : CommandOutput.Failed;
        }));
        return new Command("load", "Generate load on a server") { publish };
    }

    private static async Task<IReadOnlyList<RtmpTarget>> TargetsAsync(string? url, FileInfo? urls, int count,
        CancellationToken cancellationToken)
    {
        if (urls is not null)
        {
            var lines = urls.Exists ? await File.ReadAllLinesAsync(urls.FullName, cancellationToken)
                : throw new StartException($"File not found: {urls.FullName}");
            return [.. lines.Where(l => !string.IsNullOrWhiteSpace(l)).Select(l => RtmpTarget.Parse(l.Trim()))];
        }

        if (url is null)
        {
            throw new StartException("No target given. Use --url rtmp://HOST:1935/live/KEY, or --urls FILE with one URL per line.");
        }

        if (count is < 1 or > 20_000)
        {
            throw new StartException("--count must be 1 to 20000.");
        }

        return [.. Enumerable.Range(1, count).Select(n =>
            RtmpTarget.Parse(url.Replace("{n}", n.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)))];
    }
}
