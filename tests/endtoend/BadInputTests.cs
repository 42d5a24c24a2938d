using System.Net;
using System.Net.Sockets;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Each invalid input gives one clear message with a remedy; the server and the other streams continue.</summary>
public sealed class BadInputTests(SharedServer shared)
{
    private readonly BroadcastServer _server = shared.Server;

    [Fact]
    public async Task Wrong_key_is_rejected_and_never_logged()
    {
        await using var encoder = FfmpegTool.Publish($"{_server.Rtmp}/live/wrong-key-0123456789", new TestSource { Seconds = 5 });

        (await encoder.WaitForExitAsync(TimeSpan.FromSeconds(20))).ShouldNotBe(0);
        _server.Process.Tail(500).ShouldNotContain("wrong-key-0123456789");
    }

    [Fact]
    public async Task Second_encoder_on_a_busy_channel_is_rejected_and_the_first_continues()
    {
        var channel = await _server.AddChannelAsync("busy");
        await using var first = FfmpegTool.Publish(_server.PublishUrl(channel));
        var before = await HlsView.WaitAsync(_server, "busy", v => v.Segments.Count >= 1, "a segment");

        await using var second = FfmpegTool.Publish(_server.PublishUrl(channel));
        (await second.WaitForExitAsync(TimeSpan.FromSeconds(20))).ShouldNotBe(0);

        var after = await HlsView.WaitAsync(_server, "busy", v => v.Last >= before.Last + 2, "the first stream continues");
        after.Segments.ShouldAllBe(s => !s.Discontinuity);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001")]
    [InlineData("\u0003short")]
    [InlineData("\u0006")]
    public async Task Non_RTMP_connections_are_closed_and_other_streams_continue(string garbage)
    {
        var channel = await _server.AddChannelAsync($"calm-{Math.Abs(garbage.GetHashCode(StringComparison.Ordinal))}");
        await using var encoder = FfmpegTool.Publish(_server.PublishUrl(channel));
        var before = await HlsView.WaitAsync(_server, channel.Name, v => v.Segments.Count >= 1, "a segment");

        var address = new Uri(_server.Rtmp);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port);
        await socket.GetStream().WriteAsync(System.Text.Encoding.Latin1.GetBytes(garbage));
        var closed = false;
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            var buffer = new byte[8192];
            while (await socket.GetStream().ReadAsync(buffer, deadline.Token) > 0)
            {
            }

            closed = true;
        }
        catch (IOException)
        {
            closed = true;
        }

        closed.ShouldBeTrue();
        await HlsView.WaitAsync(_server, channel.Name, v => v.Last > before.Last, "the stream continues");
    }

    [Fact]
    public async Task Port_in_use_is_reported_with_the_option_that_changes_it()
    {
        var refusal = await ServeAsync("--http", $"127.0.0.1:{_server.Http.Port}");

        refusal.ExitCode.ShouldNotBe(0);
        refusal.Error.ShouldContain($"Port {_server.Http.Port}");
        refusal.Error.ShouldContain("--http");
        refusal.Error.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task Invalid_configuration_stops_the_start_and_reports_every_error()
    {
        await using var folder = TempFolder.Create();
        await File.WriteAllTextAsync(folder.Sub("appsettings.json"),
            """{ "Ingest": { "Nonsense": 1 }, "Storage": { "Endpoint": "not an address" }, "Funny": {} , "Listen": { "Http": "here" } }""");

        var refusal = await ChildProcess.RunAsync("dotnet", [Repository.ServerProgram(), "serve", "--data", folder.Path, "--json"]);

        refusal.ExitCode.ShouldNotBe(0);
        refusal.Error.ShouldContain("Ingest:Nonsense");
        refusal.Error.ShouldContain("Funny");
        refusal.Error.ShouldContain("Listen:Http");
        refusal.Output.ShouldBeEmpty();
    }

    [Fact]
    public async Task Out_of_range_values_of_all_sections_are_listed()
    {
        await using var folder = TempFolder.Create();
        await File.WriteAllTextAsync(folder.Sub("appsettings.json"),
            """{ "Authorization": { "Policy": "webhook" }, "Storage": { "Endpoint": "not an address" }, "Spool": { "MaxConcurrentUploads": 0 } }""");

        var refusal = await ChildProcess.RunAsync("dotnet",
            [Repository.ServerProgram(), "serve", "--data", folder.Path, "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--internal",
                "127.0.0.1:0", "--json"]);

        refusal.ExitCode.ShouldNotBe(0);
        foreach (var wrong in (string[])["Authorization:Url", "Authorization:Secret", "Storage:Endpoint", "Spool:MaxConcurrentUploads"])
        {
            refusal.Error.ShouldContain(wrong);
        }

        refusal.Error.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task Configuration_file_with_invalid_JSON_is_reported_by_name()
    {
        await using var folder = TempFolder.Create();
        await File.WriteAllTextAsync(folder.Sub("appsettings.json"), "{ \"Ingest\": ");

        var refusal = await ChildProcess.RunAsync("dotnet", [Repository.ServerProgram(), "serve", "--data", folder.Path, "--json"]);

        refusal.ExitCode.ShouldNotBe(0);
        refusal.Error.ShouldContain("appsettings.json");
        refusal.Error.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task Second_server_on_the_same_data_folder_does_not_start()
    {
        var refusal = await ChildProcess.RunAsync("dotnet",
            [Repository.ServerProgram(), "serve", "--data", _server.Data, "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--internal",
                "127.0.0.1:0", "--json"]);

        refusal.ExitCode.ShouldNotBe(0);
        refusal.Error.ShouldContain("already running");
    }

    private static async Task<ProcessResult> ServeAsync(params string[] flags)
    {
        await using var folder = TempFolder.Create();
        return await ChildProcess.RunAsync("dotnet",
            [Repository.ServerProgram(), "serve", "--data", folder.Path, "--rtmp", "127.0.0.1:0", "--internal", "127.0.0.1:0",
                "--json", .. flags]);
    }
}
