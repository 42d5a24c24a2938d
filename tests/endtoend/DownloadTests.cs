using System.Net;
using System.Net.Http.Headers;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Recordings of a real encoder, downloaded from the real server.</summary>
public sealed class DownloadTests : IDisposable
{
    private readonly TempFolder _folder = TempFolder.Create();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Download_of_an_ended_session_has_the_published_frames_and_resumes_after_a_restart()
    {
        var source = _folder.Sub("source.mp4");
        await FfmpegTool.MakeFileAsync(source,
            new TestSource { Seconds = 6, BFrames = 2, Width = 320, Height = 180, VideoBitRate = 300_000 });
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("main", new { reconnectWindowSeconds = 0, ladder = "passthrough" });
        (await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "warning", "-i", source, "-c", "copy", "-flvflags",
            "no_duration_filesize", "-f", "flv", server.PublishUrl(channel)])).EnsureSuccess();

        var address = "";
        await Poll.UntilAsync(
            async () =>
            {
                using var status = System.Text.Json.JsonDocument
                    .Parse(await server.Client.GetStringAsync(new Uri("/live/main/status.json", UriKind.Relative)));
                address = $"/vod/{status.RootElement.GetProperty("session").GetString()}/download.mp4";
                using var answer = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, address));
                return answer.StatusCode == HttpStatusCode.OK;
            },
            description: "the recording can be downloaded");
        var (first, tag, total) = await GetAsync(server, address, new RangeHeaderValue(0, 99_999), null);
        await server.Kill();
        await server.RestartAsync();
        var (rest, _, _) = await GetAsync(server, address, new RangeHeaderValue(100_000, null), tag);
        byte[] movie = [.. first, .. rest];
        movie.Length.ShouldBe((int)total);

        var file = _folder.Sub("download.mp4");
        await File.WriteAllBytesAsync(file, movie);
        (await FfmpegTool.DecodeAsync(file, 20)).ShouldBeEmpty();
        var hashes = await DecodedFrames.HashesAsync(file);
        hashes.Count.ShouldBe(180);
        hashes.ShouldBe(await DecodedFrames.HashesAsync(source));
        var format = (await FfmpegTool.ProbeAsync(file)).GetProperty("format");
        double.Parse(format.GetProperty("duration").GetString()!, System.Globalization.CultureInfo.InvariantCulture).ShouldBe(6, 0.1);
    }

    private static async Task<(byte[] Bytes, EntityTagHeaderValue Tag, long Total)> GetAsync(BroadcastServer server, string address,
        RangeHeaderValue range, EntityTagHeaderValue? tag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Range = range;
        request.Headers.IfRange = tag is null ? null : new RangeConditionHeaderValue(tag);
        using var response = await server.Client.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        return (await response.Content.ReadAsByteArrayAsync(), response.Headers.ETag!,
            response.Content.Headers.ContentRange!.Length!.Value);
    }
}
