using Broadcast.Browser.Tests;
using Broadcast.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedLiveChannel))]

namespace Broadcast.Browser.Tests;

/// <summary>A server with one channel to which ffmpeg publishes the counting video until it is disposed.</summary>
public class LiveChannel : IAsyncLifetime
{
    private ChildProcess? _encoder;

    /// <summary>The channel's latency profile.</summary>
    protected virtual string Latency => "standard";

    public BroadcastServer Server { get; private set; } = null!;

    public CreatedChannel Channel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await BroadcastServer.StartAsync();
        Channel = await Server.AddChannelAsync("show", new { latency = Latency });
        _encoder = FfmpegTool.Publish(Server.PublishUrl(Channel), new TestSource { Frame = CountingFrame.Filter });
        await Poll.UntilAsync(
            async () => (await Server.Client.GetAsync($"/live/{Channel.Name}/index.m3u8")).IsSuccessStatusCode, TimeSpan.FromSeconds(20),
            "the channel is live");
    }

    public async ValueTask DisposeAsync()
    {
        if (_encoder is not null)
        {
            await _encoder.DisposeAsync();
        }

        await Server.DisposeAsync();
    }
}

/// <summary>One live channel for all classes that only watch it, started by the first of them.</summary>
public sealed class SharedLiveChannel : IAsyncDisposable
{
    private readonly Lazy<Task<LiveChannel>> _started = new(StartNewAsync);

    /// <summary>Returns the channel once it is live.</summary>
    public Task<LiveChannel> StartAsync() => _started.Value;

    public async ValueTask DisposeAsync()
    {
        if (_started.IsValueCreated)
        {
            await (await _started.Value).DisposeAsync();
        }
    }

    private static async Task<LiveChannel> StartNewAsync()
    {
        var live = new LiveChannel();
        try
        {
            await live.InitializeAsync();
            return live;
        }
        catch
        {
            await live.DisposeAsync();
            throw;
        }
    }
}

/// <summary>The shared live channel, for a class that changes neither the channel nor its server.</summary>
public sealed class WatchedChannel(SharedLiveChannel shared) : IAsyncLifetime
{
    public BroadcastServer Server { get; private set; } = null!;

    public CreatedChannel Channel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var live = await shared.StartAsync();
        (Server, Channel) = (live.Server, live.Channel);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
