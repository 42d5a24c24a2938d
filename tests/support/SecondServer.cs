namespace Broadcast.Testing;

/// <summary>
/// The other server of a cluster of two, with the database and the bucket that both use. It has the options of the server under test, and
/// answers viewers and API requests. Encoders connect to the server under test, which therefore owns the sessions.
/// </summary>
internal sealed class SecondServer : IAsyncDisposable
{
    private const string Connection = "BROADCAST__Database__ConnectionString";
    private const string Bucket = "BROADCAST__Storage__Bucket";
    private static readonly Lazy<Task<CephServer>> Buckets = new(StartBucketsAsync);
    private readonly PostgresServer _database;

    private SecondServer(PostgresServer database, IReadOnlyDictionary<string, string?> environment) =>
        (_database, Environment) = (database, environment);

    /// <summary>Indicates whether the tests run with two servers (<c>./broadcast test --cluster</c>).</summary>
    public static bool IsRequested { get; } = System.Environment.GetEnvironmentVariable("BROADCAST_TEST_SERVERS") == "2";

    /// <summary>
    /// Indicates whether encoders connect to the other server as well (<c>--relay</c>). It then has all roles but <c>media</c>, and
    /// forwards them.
    /// </summary>
    public static bool TakesEncoders { get; } = System.Environment.GetEnvironmentVariable("BROADCAST_TEST_RELAY") == "1";

    /// <summary>The other server; <see langword="null"/> until it is started.</summary>
    public BroadcastServer? Server { get; private set; }

    /// <summary>Options of both servers.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; }

    /// <summary>API token of role admin.</summary>
    public string AdminToken => _database.AdminToken;

    /// <summary>Starts a database, and creates a bucket unless the test has one.</summary>
    /// <param name="environment">Options of the server under test.</param>
    public static async Task<SecondServer> PrepareAsync(IReadOnlyDictionary<string, string?> environment)
    {
        var options = new Dictionary<string, string?>(environment, StringComparer.Ordinal);
        if (!options.ContainsKey(Bucket))
        {
            var ceph = await Buckets.Value;
            options[Bucket] = await ceph.CreateBucketAsync();
            options["BROADCAST__Storage__Endpoint"] = ceph.Endpoint;
            options["BROADCAST__Storage__Region"] = ceph.Region;
            options["BROADCAST__Storage__AccessKey"] = ceph.AccessKey;
            options["BROADCAST__Storage__SecretKey"] = ceph.SecretKey;
        }

        var database = await PostgresServer.StartAsync();
        options[Connection] = database.ConnectionString;
        return new SecondServer(database, options);
    }

    /// <summary>Starts the server.</summary>
    /// <param name="flags">Flags of the server under test; their addresses get other ports.</param>
    public async Task StartAsync(IEnumerable<string> flags)
    {
        string[] roles = TakesEncoders ? ["--roles", "control,ingest,origin"] : [];
        Server = await BroadcastServer.StartAsync(
            [.. flags.Select(flag => flag.StartsWith("127.0.0.1:", StringComparison.Ordinal) ? "127.0.0.1:0" : flag), .. roles],
            Environment, adminToken: AdminToken);
    }

    /// <summary>
    /// Waits until the server hears from the restarted server under test. If the restart takes long, playlists get 503 until then.
    /// </summary>
    public static async Task FollowAsync(BroadcastServer server)
    {
        using var inside = new HttpClient { BaseAddress = server.Internal };
        await Poll.UntilAsync(
            async () => (await inside.GetStringAsync("/metrics")).Split('\n').Contains("broadcast_cluster_mirrors_lost 0"),
            description: "all sessions have an owner");
    }

    /// <summary>Stops the database. The server is stopped before it.</summary>
    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private static async Task<CephServer> StartBucketsAsync()
    {
        var ceph = await CephServer.StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => ceph.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return ceph;
    }
}
