using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Broadcast.Testing;

/// <summary>A channel and its first stream key.</summary>
public sealed record CreatedChannel(string Name, string StreamKey);

/// <summary>
/// The real server in its own process, on loopback with automatically assigned ports and its own data folder. Runs until stopped or
/// disposed; can be killed and restarted on the same folder. With <c>./broadcast test --cluster</c>, viewers and API requests go to a
/// second server on the same database, see <see cref="Front"/>.
/// </summary>
public sealed class BroadcastServer : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Limit of a stop, which hands sessions over to other servers first.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);

    /// <summary>Ladder of channels for which a test requests none: encoded renditions cost much CPU time.</summary>
    private const string Passthrough = "passthrough";

    private const string NoAddress = "http://this-role-has-no-listener.invalid";

    private readonly TempFolder _folder;
    private readonly string[] _flags;
    private readonly IReadOnlyList<string> _through;
    private IReadOnlyDictionary<string, string?> _environment;
    private ChildProcess? _process;
    private string? _adminToken;
    private SecondServer? _second;
    private Uri _http = null!;
    private string _rtmp = "";
    private string? _rtmps;
    private HttpClient? _client;
    private HttpClient? _api;

    private BroadcastServer(TempFolder folder, string[] flags, IReadOnlyDictionary<string, string?> environment,
        IReadOnlyList<string> through)
    {
        _folder = folder;
        _flags = flags;
        _through = through;
        _environment = environment;
        Data = folder.Sub("data");
    }

    /// <summary>The data folder. Kept across restarts and deleted on disposal.</summary>
    public string Data { get; }

    /// <summary>
    /// The server that answers viewers and API requests: this server, or with <c>--cluster</c> another one. Encoders, commands, logs,
    /// health and metrics are those of this server.
    /// </summary>
    public BroadcastServer Front => _second?.Server ?? this;

    /// <summary>Address of the viewer endpoints, the API and the dashboard, such as <c>http://127.0.0.1:40001/</c>.</summary>
    public Uri Http => Front._http;

    /// <summary>Address of health and metrics.</summary>
    public Uri Internal { get; private set; } = null!;

    /// <summary>RTMP address without a path, such as <c>rtmp://127.0.0.1:40002</c>; empty without role <c>ingest</c>.</summary>
    public string Rtmp => Entry._rtmp;

    /// <summary>RTMPS address without a path; <see langword="null"/> when no certificate is configured.</summary>
    public string? Rtmps => Entry._rtmps;

    /// <summary>The complete first line of standard output.</summary>
    public JsonElement Ready { get; private set; }

    /// <summary>HTTP client with <see cref="Http"/> as its base address.</summary>
    public HttpClient Client => Front._client!;

    /// <summary>API token of role admin. Servers on a database that the caller has started have none unless the caller passes it.</summary>
    public string AdminToken => _adminToken ?? throw new InvalidOperationException("Create a token with CreateTokenAsync.");

    /// <summary>HTTP client with <see cref="AdminToken"/>; renewed by a restart.</summary>
    public HttpClient Api => Front._api!;

    /// <summary>The server's process.</summary>
    public ChildProcess Process => _process ?? throw new InvalidOperationException("The server is not running.");

    /// <summary>The server that encoders connect to: this server, or with <c>--relay</c> the other one.</summary>
    private BroadcastServer Entry => SecondServer.TakesEncoders ? Front : this;

    /// <summary>Starts a server on a prepared database and waits for its ready line.</summary>
    /// <param name="flags">Further flags of <c>serve</c>; they override the defaults of this class.</param>
    /// <param name="environment">Options, such as <c>BROADCAST__Ingest__…</c>.</param>
    /// <param name="prepare">Called with the path of the data folder before the first start.</param>
    /// <param name="isNew">Starts on an empty data folder: the server creates its database, which has no token.</param>
    /// <param name="adminToken">Token of a database that the options name.</param>
    /// <param name="hasFront">
    /// Starts a second server for viewers and API requests; by default with <c>--cluster</c>, if the server neither creates its database
    /// nor uses one of the caller.
    /// </param>
    /// <param name="through">Command that executes the server, such as <c>nsenter</c>.</param>
    public static async Task<BroadcastServer> StartAsync(string[]? flags = null, IReadOnlyDictionary<string, string?>? environment = null,
        Action<string>? prepare = null, bool isNew = false, string? adminToken = null, bool? hasFront = null,
        IReadOnlyList<string>? through = null)
    {
        var server = new BroadcastServer(MemoryFolder.Create(), flags ?? [], environment ?? new Dictionary<string, string?>(),
            through ?? [])
        {
            _adminToken = adminToken,
        };
        try
        {
            prepare?.Invoke(server.Data);
            var hasDatabase = isNew || server._environment.ContainsKey("BROADCAST__Database__ConnectionString");
            if (hasFront ?? (SecondServer.IsRequested && !hasDatabase))
            {
                server._second = await SecondServer.PrepareAsync(server._environment);
                (server._environment, server._adminToken) = (server._second.Environment, server._second.AdminToken);
            }
            else if (!hasDatabase)
            {
                server._adminToken = await ServerTemplate.CopyToAsync(server.Data);
            }

            await server.RestartAsync();
            await (server._second?.StartAsync(server._flags) ?? Task.CompletedTask);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Publish address of a channel, with the stream key as the last path segment.</summary>
    public string PublishUrl(CreatedChannel channel) => $"{Rtmp}/live/{channel.StreamKey}";

    /// <summary>The channel's HLS address.</summary>
    public Uri Hls(string channel) => new(Http, $"/live/{channel}/index.m3u8");

    /// <summary>The channel's DASH address.</summary>
    public Uri Dash(string channel) => new(Http, $"/live/{channel}/manifest.mpd");

    /// <summary>
    /// Starts the server again on its data folder, after <see cref="StopAsync"/> or <see cref="Kill"/>. The ports change.
    /// </summary>
    public async Task RestartAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        string[] command =
        [
            .. _through, "dotnet", Repository.ServerProgram(), "serve", "--data", Data, "--json",
            .. OwnPorts().Where(f => !_flags.Contains(f, StringComparer.Ordinal)).SelectMany(f => new[] { f, "127.0.0.1:0" }),
            .. _flags,
        ];
        _process = ChildProcess.Start(command[0], command[1..], _environment);
        Ready = await _process.WaitForJsonAsync(StartDeadline);
        _http = new Uri(Ready.TryGetProperty("http", out var http) ? http.GetString()! : NoAddress);
        Internal = new Uri(Ready.GetProperty("internal").GetString()!);
        _rtmp = Ready.TryGetProperty("rtmp", out var rtmp) ? rtmp.GetString()!.TrimEnd('/') : "";
        _rtmps = Ready.TryGetProperty("rtmps", out var rtmps)
            && rtmps.ValueKind == JsonValueKind.String ? rtmps.GetString()!.TrimEnd('/') : null;
        _client?.Dispose();
        _client = new HttpClient { BaseAddress = _http, Timeout = TimeSpan.FromSeconds(30) };
        _api?.Dispose();
        _api = new HttpClient { BaseAddress = _http, Timeout = TimeSpan.FromSeconds(30) };
        _api.DefaultRequestHeaders.Authorization = _adminToken is null ? null : new AuthenticationHeaderValue("Bearer", _adminToken);
        await (_second?.Server is { Process.HasExited: false } front ? SecondServer.FollowAsync(front) : Task.CompletedTask);
    }

    /// <summary>Flags of the listeners that the server's roles have.</summary>
    private IEnumerable<string> OwnPorts()
    {
        var roles = Array.IndexOf(_flags, "--roles") is >= 0 and var at ? _flags[at + 1].Split(',') : ["all"];
        return new[]
        {
            ("--http", new[] { "all", "origin", "control" }), ("--rtmp", ["all", "ingest"]), ("--internal", roles),
        }.Where(listener => listener.Item2.Intersect(roles).Any()).Select(listener => listener.Item1);
    }

    /// <summary>Runs another command of the server's program on its data folder.</summary>
    public Task<ProcessResult> CommandAsync(params string[] arguments) =>
        ChildProcess.RunAsync("dotnet", [Repository.ServerProgram(), .. arguments, "--data", Data], environment: _environment);

    /// <summary>Creates a channel through the API. Its key is usable when this method returns.</summary>
    /// <param name="name">Slug of the channel.</param>
    /// <param name="settings">Further members of the request, such as <c>new { ladder = "auto" }</c>.</param>
    public async Task<CreatedChannel> AddChannelAsync(string name, object? settings = null)
    {
        var body = JsonSerializer.SerializeToNode(settings ?? new { })!.AsObject();
        body.Add("name", JsonValue.Create(name));
        if (!body.ContainsKey("ladder"))
        {
            body.Add("ladder", JsonValue.Create(Passthrough));
        }

        using var answer = await Api.PostAsJsonAsync("/api/v1/channels", body);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }

        return new CreatedChannel(name, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("streamKey").GetString()!);
    }

    /// <summary>Creates a channel on the command line. Its key is usable when this method returns.</summary>
    /// <param name="name">Slug of the channel.</param>
    /// <param name="options">Further flags, such as <c>--ladder passthrough</c>.</param>
    public async Task<CreatedChannel> CreateChannelAsync(string name, params string[] options)
    {
        string[] ladder = options.Contains("--ladder", StringComparer.Ordinal) ? [] : ["--ladder", Passthrough];
        var made = (await CommandAsync(["channel", "create", name, .. ladder, .. options, "--json"])).EnsureSuccess().Json();
        return new CreatedChannel(made.GetProperty("channel").GetString()!, made.GetProperty("streamKey").GetString()!);
    }

    /// <summary>Creates a bearer token for the API.</summary>
    public async Task<string> CreateTokenAsync(string role = "admin") =>
        (await CommandAsync("token", "create", "--role", role, "--json")).EnsureSuccess().Json().GetProperty("token").GetString()!;

    /// <summary>Sends SIGTERM and returns the exit code; 0 means an orderly shutdown.</summary>
    /// <exception cref="TimeoutException">The server was still running after 40 s.</exception>
    public Task<int> StopAsync() => Process.TerminateAsync(StopLimit);

    /// <summary>Sends SIGKILL to the server process alone and waits until it has exited.</summary>
    public Task Kill()
    {
        Process.Kill();
        return Process.WaitForExitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>Stops the server and any process left on its folder (a private database after a kill), and deletes the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        // First the second server, so that this one hands no session over to it.
        await (_second?.Server?.DisposeAsync() ?? default);
        _client?.Dispose();
        _api?.Dispose();
        if (_process is not null)
        {
            try
            {
                if (!_process.HasExited)
                {
                    _process.Signal(UnixSignal.Continue);
                    await StopAsync();
                }
            }
            catch (TimeoutException)
            {
                // The disposal below kills the process. The shutdown tests check an orderly stop.
            }

            await _process.DisposeAsync();
        }

        await (_second?.DisposeAsync() ?? default);
        OrphanProcesses.End(_folder.Path);
        await _folder.DisposeAsync();
    }
}
