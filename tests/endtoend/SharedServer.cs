using Broadcast.EndToEnd.Tests;
using Broadcast.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedServer))]
[assembly: TestCollectionOrderer(typeof(LongestClassesFirst))]

namespace Broadcast.EndToEnd.Tests;

/// <summary>One server for all classes that do not stop or configure it; each test has its own channels.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    public BroadcastServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await BroadcastServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>A server that created its database itself, for the tests of a class.</summary>
public sealed class NewServer : IAsyncLifetime
{
    public BroadcastServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await BroadcastServer.StartAsync(isNew: true);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
