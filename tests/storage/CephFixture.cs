using Broadcast.Storage.Objects;
using Broadcast.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(Broadcast.Storage.Tests.CephFixture))]

namespace Broadcast.Storage.Tests;

/// <summary>One S3 service for all tests that do not stop it.</summary>
public sealed class CephFixture : IAsyncLifetime
{
    public CephServer Server { get; private set; } = null!;

    public string Bucket { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await CephServer.StartAsync();
        Bucket = await Server.CreateBucketAsync();
    }

    public ValueTask DisposeAsync() => Server?.DisposeAsync() ?? default;

    internal static StorageOptions Options(CephServer server, string bucket) => new()
    {
        Bucket = bucket,
        Endpoint = server.Endpoint,
        AccessKey = server.AccessKey,
        SecretKey = server.SecretKey,
    };

    /// <summary>A store with its own prefix in the shared bucket.</summary>
    internal S3ObjectStore Store(Action<StorageOptions>? change = null, long multipartFrom = 64L << 20, bool? sendMd5 = null)
    {
        var options = Options(Server, Bucket);
        options.Prefix = "tests/" + Guid.NewGuid().ToString("N");
        change?.Invoke(options);
        return new S3ObjectStore(options, TimeProvider.System, sendMd5) { MultipartFrom = multipartFrom };
    }
}
