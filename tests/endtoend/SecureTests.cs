using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>RTMPS with changing certificates, and an auth callback, both with ffmpeg and the real server.</summary>
public sealed class SecureTests
{
    private const int UselessEvent = 7012;

    [Fact]
    public async Task H10_RTMPS_stream_survives_a_certificate_renewal_and_an_invalid_certificate_is_ignored()
    {
        await using var folder = TempFolder.Create();
        var (certificate, key) = (folder.Sub("live.pem"), folder.Sub("live.key"));
        await IssueAsync(certificate, key, "first");
        await using var server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Tls__CertificateFile"] = certificate, ["BROADCAST__Tls__KeyFile"] = key,
            ["BROADCAST__Tls__CheckInterval"] = "00:00:01", ["BROADCAST__Listen__Https"] = "127.0.0.1:0",
        });
        var channel = await server.AddChannelAsync("secure");
        await using var encoder = FfmpegTool.Publish($"{server.Rtmps}/live/{channel.StreamKey}");
        var before = await HlsView.WaitAsync(server, channel.Name, v => v.Segments.Count >= 2, "two segments; " + encoder.Tail());
        (await SubjectAsync(server)).ShouldContain("first");

        await IssueAsync(certificate, key, "second");
        await Poll.UntilAsync(async () => (await SubjectAsync(server)).Contains("second"));
        var complaints = server.Logged(UselessEvent).Count;
        await File.WriteAllTextAsync(certificate, "broken");
        await Poll.UntilAsync(() => server.Logged(UselessEvent).Count > complaints);

        var after = await HlsView.WaitAsync(server, channel.Name, v => v.Last >= before.Last + 2, "two segments more");
        after.Session.ShouldBe(before.Session);
        after.Segments.ShouldAllBe(s => !s.Discontinuity && !s.Gap);
        (await SubjectAsync(server)).ShouldContain("second");
        encoder.HasExited.ShouldBeFalse(encoder.Tail());
    }

    [Fact]
    public async Task Auth_callback_in_nginx_rtmp_form_names_the_encoders_channel_and_receives_its_end()
    {
        var address = $"http://127.0.0.1:{FreePort.Next()}/";
        using var webhook = new HttpListener { Prefixes = { address } };
        webhook.Start();
        var asked = new ConcurrentQueue<string>();
        var serving = ServeAsync(webhook, asked);
        await using var server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Authorization__Policy"] = "webhook", ["BROADCAST__Authorization__Format"] = "nginx-rtmp",
            ["BROADCAST__Authorization__Url"] = address + "publish",
            ["BROADCAST__Authorization__DoneUrl"] = address + "done", ["BROADCAST__Authorization__CreateChannels"] = "true",
        });

        await using (var encoder = FfmpegTool.Publish($"{server.Rtmp}/live/jane-secret?token=t%26t"))
        {
            await HlsView.WaitAsync(server, "janes-channel", v => v.Segments.Count >= 1, "a segment; " + encoder.Tail());
            asked.ShouldHaveSingleItem()
                .ShouldMatch(
                    "^/publish app=live&.*&tcurl=rtmp%3A%2F%2F127\\.0\\.0\\.1.*&call=publish&name=jane-secret&type=live&token=t%26t$");
        }

        await Poll.UntilAsync(() => asked.Count == 2);
        asked.Last().ShouldMatch("^/done .*&call=publish_done&name=jane-secret");
        await using var refused = FfmpegTool.Publish($"{server.Rtmp}/live/mallory");
        (await refused.WaitForExitAsync(TimeSpan.FromSeconds(20))).ShouldNotBe(0);
        server.Process.ErrorLines.Concat(server.Process.OutputLines).ShouldAllBe(l => !l.Contains("jane-secret"));
        webhook.Stop();
        await serving;
    }

    private static async Task ServeAsync(HttpListener webhook, ConcurrentQueue<string> asked)
    {
        while (true)
        {
            try
            {
                var context = await webhook.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream, Encoding.ASCII);
                var body = await reader.ReadToEndAsync();
                asked.Enqueue($"{context.Request.Url!.AbsolutePath} {body}");
                context.Response.StatusCode = body.Contains("name=jane-secret", StringComparison.Ordinal) ? 302 : 403;
                context.Response.Headers["Location"] = "janes-channel";
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    // Replaces both files atomically, as certbot does.
    private static async Task IssueAsync(string certificate, string key, string name)
    {
        (await ChildProcess.RunAsync("openssl",
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", $"/CN={name}", "-days", "30",
                "-keyout", key + ".new", "-out", certificate + ".new"]))
            .EnsureSuccess();
        File.Move(key + ".new", key, overwrite: true);
        File.Move(certificate + ".new", certificate, overwrite: true);
    }

    private static async Task<string> SubjectAsync(BroadcastServer server) =>
        (await ChildProcess.RunAsync("openssl",
            ["s_client", "-connect", new Uri(server.Rtmps!.Replace("rtmps", "https", StringComparison.Ordinal)).Authority])).Output
            .Split('\n').First(l => l.StartsWith("subject=", StringComparison.Ordinal));
}
