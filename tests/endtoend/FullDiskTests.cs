using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>A data folder on a disk that fills up. Mounting one requires root.</summary>
public sealed class FullDiskTests
{
    private const int DiskMegabytes = 192;

    [Fact]
    public async Task Full_disk_loses_only_media_and_is_logged_once_per_channel()
    {
        Assert.SkipUnless(System.Environment.IsPrivilegedProcess, "Mounting a small disk needs root.");
        string? mounted = null;
        try
        {
            await using var server = await BroadcastServer.StartAsync(prepare: data => mounted = Mount(data));
            var channels = new[] { await server.AddChannelAsync("one"), await server.AddChannelAsync("two") };
            await using var first = FfmpegTool.Publish(server.PublishUrl(channels[0]), Signals.Small);
            await using var second = FfmpegTool.Publish(server.PublishUrl(channels[1]), Signals.Small);
            var before = await ViewsAsync(server, v => v.Segments.Count >= 2, "two segments");

            var filler = Path.Combine(server.Data, "filler");
            Fill(filler);
            await Poll.UntilAsync(() => server.Logged(3010).Count >= 2, TimeSpan.FromSeconds(40), "both channels report the disk error");
            using var inside = new HttpClient { BaseAddress = server.Internal };
            (await inside.GetStringAsync("/healthz")).ShouldBe("ok\n");
            (await server.Client.GetAsync("/live/one/index.m3u8")).IsSuccessStatusCode.ShouldBeTrue("earlier media are still playable");

            File.Delete(filler);
            var after = await ViewsAsync(server, v => v.Segments.Reverse().TakeWhile(s => !s.Gap).Count() >= 4, "both go on");
            foreach (var (old, now) in before.Zip(after))
            {
                now.Session.ShouldBe(old.Session);
                now.Last.ShouldBeGreaterThan(old.Last);
            }

            await Poll.UntilAsync(() => server.Logged(3011).Count >= 2, TimeSpan.FromSeconds(40), "both channels report the recovery");
            server.Logged(3010).Count.ShouldBe(2);
            server.Logged(3010).ShouldAllBe(text => text.Contains("Free disk space"));
            (first.HasExited, second.HasExited).ShouldBe((false, false), "no encoder was disconnected");

            // Four complete segments are at the end, because older players request the last three even if they are gaps.
            (await FfmpegTool.DecodeAsync(server.Hls("one").ToString(), 2)).ShouldBeEmpty();
            await server.AddChannelAsync("three");
            (await server.StopAsync()).ShouldBe(0);
        }
        finally
        {
            if (mounted is not null)
            {
                await ChildProcess.RunAsync("umount", ["-l", mounted]);
            }
        }
    }

    private static async Task<IReadOnlyList<HlsView>> ViewsAsync(BroadcastServer server, Func<HlsView, bool> fits, string description) =>
        await Task.WhenAll(HlsView.WaitAsync(server, "one", fits, description), HlsView.WaitAsync(server, "two", fits, description));

    private static string Mount(string folder)
    {
        Directory.CreateDirectory(folder);
        ChildProcess.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={DiskMegabytes}m,mode=755", "tmpfs", folder]).GetAwaiter().GetResult()
            .EnsureSuccess();
        return folder;
    }

    /// <summary>Fills the disk.</summary>
    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[1 << 20];
        while (block.Length > 0)
        {
            try
            {
                file.Write(block);
            }
            catch (IOException)
            {
                block = new byte[block.Length / 2];
            }
        }
    }
}
