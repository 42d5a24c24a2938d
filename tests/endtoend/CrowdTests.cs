using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Concurrency: racing commands, and encoders during the shutdown of the server.</summary>
public sealed class CrowdTests
{
    [Fact]
    public async Task Concurrent_offline_commands_all_succeed_and_a_stop_with_live_encoders_is_in_time()
    {
        await using var server = await BroadcastServer.StartAsync();
        (await server.StopAsync()).ShouldBe(0);

        var channels = await Task.WhenAll(Enumerable.Range(1, 6).Select(n => server.CreateChannelAsync($"race-{n}")));
        channels.Select(c => c.StreamKey).Distinct().Count().ShouldBe(6);

        await server.RestartAsync();
        var encoders = new List<ChildProcess>();
        try
        {
            foreach (var channel in channels)
            {
                encoders.Add(FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small));
            }

            foreach (var channel in channels)
            {
                await HlsView.WaitAsync(server, channel.Name, v => v.Segments.Count >= 1, $"{channel.Name} plays");
            }

            (await server.StopAsync()).ShouldBe(0);
        }
        finally
        {
            foreach (var encoder in encoders)
            {
                await encoder.DisposeAsync();
            }
        }

        await server.RestartAsync();
        foreach (var channel in channels)
        {
            var view = (await HlsView.ReadAsync(server, channel.Name)).ShouldNotBeNull("media from before the stop are available");
            view.Segments.ShouldAllBe(s => !s.Gap);
        }
    }
}
