using System.Net;
using System.Net.Sockets;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Broadcast.Media.OriginToCluster;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Origin.Live;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>The origin behind a real Kestrel on loopback, with a spool in memory and a stopped clock.</summary>
internal sealed class OriginServer : IAsyncDisposable
{
    private sealed class Announcer : IProgramGuide, IChannelRecordings
    {
        public UpcomingEvent? Next { get; set; }

        public ChannelRecording? Replay { get; set; }

        public string? Title { get; set; }

        UpcomingEvent? IProgramGuide.Next(ChannelName channel) => Next;

        string? IProgramGuide.TitleOf(SessionId session) => session == FakePackager.Second ? null : Title;

        ChannelRecording? IChannelRecordings.Newest(ChannelName channel) => Replay;
    }

    private readonly WebApplication _app;

    private OriginServer(WebApplication app, MemorySpool spool, ManualTimeProvider time)
    {
        (_app, Spool, Time) = (app, spool, time);
        Address = new Uri(app.Urls.Single());
        Client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = Address };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public MemorySpool Spool { get; }

    public ManualTimeProvider Time { get; }

    /// <summary>Upcoming event of every channel.</summary>
    public UpcomingEvent? Announced
    {
        set => _app.Services.GetRequiredService<Announcer>().Next = value;
    }

    /// <summary>Title of the first session.</summary>
    public string? Called
    {
        set => _app.Services.GetRequiredService<Announcer>().Title = value;
    }

    /// <summary>Recording available on every channel.</summary>
    public ChannelRecording? Replayed
    {
        set => _app.Services.GetRequiredService<Announcer>().Replay = value;
    }

    public HeldRequests Held => _app.Services.GetRequiredService<HeldRequests>();

    /// <summary>Waits until a number of requests are held.</summary>
    public async Task HeldAsync(int count)
    {
        for (var i = 0; i < 500 && Held.Count != count; i++)
        {
            await Task.Delay(10);
        }

        Held.Count.ShouldBe(count);
    }

    public LiveDirectory Directory => _app.Services.GetRequiredService<LiveDirectory>();

    /// <summary>Returns one of the server's services.</summary>
    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<OriginServer> StartAsync(params (string Key, string Value)[] settings) => await StartAsync(null, settings);

    /// <param name="authority">Decides about viewers; by default all are accepted.</param>
    /// <param name="settings">Options.</param>
    public static Task<OriginServer> StartAsync(IViewerAuthorizer? authority, params (string Key, string Value)[] settings) =>
        StartAsync(authority, null, settings);

    /// <param name="authority">Decides about viewers; by default all are accepted.</param>
    /// <param name="catalog">Recordings; by default none.</param>
    /// <param name="settings">Options.</param>
    public static Task<OriginServer> StartAsync(IViewerAuthorizer? authority, IRecordingCatalog? catalog,
        params (string Key, string Value)[] settings) =>
        StartAsync(authority, catalog, null, settings);

    /// <param name="authority">Decides about viewers; by default all are accepted.</param>
    /// <param name="catalog">Recordings; by default none.</param>
    /// <param name="audience">Visibility of sessions to viewers; by default everything is visible.</param>
    /// <param name="settings">Options.</param>
    public static Task<OriginServer> StartAsync(IViewerAuthorizer? authority, IRecordingCatalog? catalog,
        ISessionVisibility? audience, params (string Key, string Value)[] settings) =>
        StartAsync(authority, catalog, audience, null, null, settings);

    /// <param name="mirrors">Mirrors of sessions of other servers.</param>
    public static Task<OriginServer> StartInClusterAsync(ISessionMirrors mirrors) =>
        StartAsync(null, null, null, mirrors, null, []);

    /// <param name="chat">Chat of the viewers.</param>
    /// <param name="authority">Decides about viewers; by default all are accepted.</param>
    public static Task<OriginServer> StartWithChatAsync(IChat chat, IViewerAuthorizer? authority = null) =>
        StartAsync(authority, null, null, null, chat, []);

    /// <param name="history">Messages by media time.</param>
    /// <param name="catalog">Recordings; by default none.</param>
    /// <param name="authority">Decides about viewers; by default all are accepted.</param>
    /// <param name="audience">Visibility of sessions to viewers; by default everything is visible.</param>
    public static Task<OriginServer> StartWithHistoryAsync(IChatHistory? history, IRecordingCatalog? catalog = null,
        IViewerAuthorizer? authority = null, ISessionVisibility? audience = null) =>
        StartAsync(authority, catalog, audience, null, null, [], history);

    private static async Task<OriginServer> StartAsync(IViewerAuthorizer? authority, IRecordingCatalog? catalog,
        ISessionVisibility? audience, ISessionMirrors? mirrors, IChat? chat, (string Key, string Value)[] settings,
        IChatHistory? history = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MinResponseDataRate = null);   // the host limits slow clients
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        var (spool, time) = (new MemorySpool(), new ManualTimeProvider(FakePackager.Start.AddSeconds(10)));
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddSingleton<ISpool>(spool);
        builder.Services.AddSingleton<Announcer>();
        builder.Services.AddSingleton<FakeRecovery>();
        builder.Services.AddSingleton<IChannelRecovery>(services => services.GetRequiredService<FakeRecovery>());
        builder.Services.AddSingleton<IProgramGuide>(services => services.GetRequiredService<Announcer>());
        builder.Services.AddSingleton<IChannelRecordings>(services => services.GetRequiredService<Announcer>());
        if (authority is not null)
        {
            builder.Services.AddSingleton(authority);
        }

        if (catalog is not null)
        {
            builder.Services.AddSingleton(catalog);
        }

        if (audience is not null)
        {
            builder.Services.AddSingleton(audience);
        }

        if (mirrors is not null)
        {
            builder.Services.AddSingleton(mirrors);
        }

        if (chat is not null)
        {
            builder.Services.AddSingleton(chat);
        }

        if (history is not null)
        {
            builder.Services.AddSingleton(history);
        }

        builder.Services.AddOrigin(builder.Configuration);
        var app = builder.Build();
        app.UseRouting();
        app.MapOrigin();
        app.MapGet("/", () => "the rest of the site");
        await app.StartAsync();
        return new OriginServer(app, spool, time);
    }

    /// <summary>State of the recovery; complete by default.</summary>
    public FakeRecovery Recovery => _app.Services.GetRequiredService<FakeRecovery>();

    /// <summary>Adds the objects of a broadcaster to the spool without announcing them, as after a restart.</summary>
    public OriginServer Find(FakePackager broadcaster)
    {
        foreach (var (name, bytes) in broadcaster.Objects)
        {
            Spool.Objects[name] = bytes;
        }

        return this;
    }

    public OriginServer Hear(FakePackager broadcaster)
    {
        Find(broadcaster);
        broadcaster.SendTo(_app.Services.GetRequiredService<ITimelineSink>());
        return this;
    }

    public async Task<HttpResponseMessage> SendAsync(string path, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
        }

        return await Client.SendAsync(request);
    }

    /// <summary>Sends a request line unchanged, also an invalid one.</summary>
    public async Task<string> SendRawAsync(string target)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Address.Port);
        await client.GetStream()
            .WriteAsync(Encoding.Latin1.GetBytes($"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        return await reader.ReadToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}

/// <summary>A recovery with given pending channels.</summary>
internal sealed class FakeRecovery : IChannelRecovery
{
    public HashSet<ChannelName> Pending { get; } = [];

    public bool IsPending(ChannelName channel) => Pending.Contains(channel);
}
