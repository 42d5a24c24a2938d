using System.Net;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;

namespace Broadcast.Control.Tests;

/// <summary>Users with a database and a stopped clock.</summary>
internal sealed class UserHarness : IAsyncDisposable
{
    private UserHarness(ServerDatabase database, ControlOptions options)
    {
        var control = Options.Create(options);
        Database = database;
        Users = new(database, Clock);
        Sessions = new(database, control, Clock);
        Attempts = new(database, control, Clock);
        Factors = new(database, Attempts, Clock);
        Logins = new(database, Sessions, Factors, Attempts, Clock, NullLogger<Logins>.Instance);
    }

    public ManualTimeProvider Clock { get; } = new();

    public ServerDatabase Database { get; }

    public UserRepository Users { get; }

    public UserSessions Sessions { get; }

    public LoginAttempts Attempts { get; }

    public SecondFactors Factors { get; }

    public Logins Logins { get; }

    public static async Task<UserHarness> OpenAsync(PostgresFixture postgres, ControlOptions? options = null) =>
        new(await postgres.OpenFreshAsync(), options ?? new());

    public Task<LoginResult> LoginAsync(string name, string password, string? code = null, string address = "192.0.2.1",
        string? device = null) =>
        Logins.LoginAsync(name, password, code, new IPEndPoint(IPAddress.Parse(address), 1), device, "test", default);

    public async Task<string> InAsync(string name, string? code = null) =>
        (await LoginAsync(name, UserTests.Password, code)).ShouldBeOfType<LoginResult.Succeeded>().Cookie;

    /// <summary>Logs in and returns the browser's device cookie.</summary>
    public async Task<string> DeviceAsync(string name, string address, string? device = null) =>
        (await LoginAsync(name, UserTests.Password, null, address, device)).ShouldBeOfType<LoginResult.Succeeded>().Device;

    /// <summary>Records a failed login without the time of a password check.</summary>
    public async Task WrongAsync(string address, string name, LoginAttempts? at = null)
    {
        await (at ?? Attempts).RecordFailureAsync(new IPEndPoint(IPAddress.Parse(address), 0), null, name);
    }

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = Database.Source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
