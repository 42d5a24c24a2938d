using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Chat;
using Broadcast.Control.Access;
using Broadcast.Control.Api;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Control.Storage;
using Broadcast.Media;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.HostToControl;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.StorageToControl;
using Broadcast.Media.TranscoderToControl;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace Broadcast.Control.Tests;

/// <summary>A complete control module behind Kestrel on loopback, with the system clock.</summary>
internal sealed class Server : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Server(WebApplication app, RecordingLifecycle lifecycle)
    {
        _app = app;
        Lifecycle = lifecycle;
        Address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Client = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = new Uri(Address) };
    }

    public string Address { get; }

    public HttpClient Client { get; }

    public RecordingLifecycle Lifecycle { get; }

    public IServiceProvider Services => _app.Services;

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<Server> StartAsync(string? connectionString, string folder = "/nonexistent", bool firstChannel = false,
        IChannelRuntimeStates? states = null, IPublishUrls? addresses = null, ISourceHealth? health = null, IEncoderList? encoders = null,
        ISessionStorageInspector? media = null, IChannelMeasurements? measurements = null, IStorageProbe? storage = null,
        IViewerCounter? viewers = null, IViewerUrls? pages = null, ISlateValidator? slates = null, TimeProvider? mediaTime = null,
        Task? recovered = null, ITakeoverCandidates? candidates = null, Func<HttpContext, RequestDelegate, Task>? middleware = null,
        IInternalListener? listener = null, ISessionHandover? handover = null, IPeerConnections? peers = null, ServerRoles? roles = null,
        ITargetLegs? legs = null, ILoggerProvider? log = null, params (string, string)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Item1, (string?)s.Item2)));
        builder.Configuration.AddInMemoryCollection([
            KeyValuePair.Create("Database:ConnectionString", connectionString),
            KeyValuePair.Create("Control:CreateFirstChannel", (string?)(firstChannel ? "true" : "false")),
        ]);
        var lifecycle = new RecordingLifecycle { AllRecovered = recovered ?? Task.CompletedTask };
        builder.Services.AddSingleton(new DataFolder(folder));
        builder.Services.AddSingleton<ISessionLifecycle>(lifecycle);
        if (states is not null)
        {
            builder.Services.AddSingleton(states);
        }

        if (addresses is not null)
        {
            builder.Services.AddSingleton(addresses);
        }

        if (health is not null)
        {
            builder.Services.AddSingleton(health);
        }

        if (encoders is not null)
        {
            builder.Services.AddSingleton(encoders);
        }

        if (media is not null)
        {
            builder.Services.AddSingleton(media);
        }

        if (measurements is not null)
        {
            builder.Services.AddSingleton(measurements);
        }

        if (storage is not null)
        {
            builder.Services.AddSingleton(storage);
        }

        if (viewers is not null)
        {
            builder.Services.AddSingleton(viewers);
        }

        if (pages is not null)
        {
            builder.Services.AddSingleton(pages);
        }

        if (slates is not null)
        {
            builder.Services.AddSingleton(slates);
        }

        if (listener is not null)
        {
            builder.Services.AddSingleton(listener);
        }

        if (handover is not null)
        {
            builder.Services.AddSingleton(handover);
        }

        if (peers is not null)
        {
            builder.Services.AddSingleton(peers);
        }

        if (candidates is not null)
        {
            builder.Services.AddSingleton(candidates);
        }

        if (legs is not null)
        {
            builder.Services.AddSingleton(legs);
        }

        if (mediaTime is not null)
        {
            builder.Services.AddSingleton(mediaTime);
        }

        builder.Services.AddControl(builder.Configuration, roles);
        builder.Services.AddChat(builder.Configuration);

        // These tests have no viewers of the chat.
        builder.Services.Remove(builder.Services.Single(service => service.ImplementationType?.Name == "ChatListener"));
        var app = builder.Build();
        if (middleware is not null)
        {
            app.Use(middleware);
        }

        app.UseControl();
        app.MapControl();
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new(app, lifecycle);
    }

    public async Task<string> TokenAsync(TokenRole role) => (await Get<TokenRepository>().CreateAsync(role)).Token;

    /// <summary>Logs a user in without the API.</summary>
    /// <returns>Value of the cookie.</returns>
    public async Task<string> LoginAsync(string name, string password) =>
        (await Get<Logins>().LoginAsync(name, password, null, null, null, "tests", default)).ShouldBeOfType<LoginResult.Succeeded>().Cookie;

    /// <summary>Sends a request as a browser with a login: with the cookie and a page's origin.</summary>
    public Task<(int Status, JsonElement Body, HttpResponseMessage Response)> SendAsPersonAsync(string method, string path, string? login,
        object? body = null, string? origin = null, string? site = null) =>
        SendAsync(method, path, null, body,
            [("Cookie", login is null ? null : $"broadcast-login={login}"), ("Origin", origin), ("Sec-Fetch-Site", site)]);

    public async Task<(int Status, JsonElement Body, HttpResponseMessage Response)> SendAsync(string method, string path,
        string? token = null, object? body = null, params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), path);
        foreach (var (name, value) in headers.Where(h => h.Value is not null))
        {
            request.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
        }

        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        request.Content = body switch
        {
            null => null,
            HttpContent content => content,
            _ => JsonContent.Create(body),
        };
        var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (response.Content.Headers.ContentType?.MediaType == "text/event-stream")
        {
            response.Dispose();   // endless response; EventStreamHttpTests cover it
            return ((int)response.StatusCode, default, response);
        }

        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length == 0 || response.Content.Headers.ContentType?.MediaType?.EndsWith("json",
            StringComparison.Ordinal) != true ? default : JsonDocument.Parse(text).RootElement, response);
    }

    public async ValueTask<PublishDecision> AskAsync(string key) =>
        await Get<IPublishAuthorizer>().AuthorizeAsync(new(key, null, "test"), default);

    public async Task StopAsync() => await _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
