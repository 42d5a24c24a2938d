using System.Runtime.Versioning;
using Broadcast.Database;
using Broadcast.Host.Configuration;
using Broadcast.Media;
using Broadcast.Testing;
using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>Commands use the configuration of the running server.</summary>
public sealed class RunningServerOptionsTests
{
    private const string Other = "Host=db;Username=broadcast;Password=secret";

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Command_uses_the_configuration_of_the_running_server_whatever_its_own_environment_says()
    {
        using var folder = TempFolder.Create();
        var data = new DataFolder(folder.Path);
        RunningServerOptions.Write(data,
            Configuration(("Database:ConnectionString", Other), ("Delivery:PublicUrl", "https://live.example")));

        var configuration = ServerConfiguration.ReadForCommand(data);

        configuration["Database:ConnectionString"].ShouldBe(Other);
        configuration["Delivery:PublicUrl"].ShouldBe("https://live.example");
        File.GetUnixFileMode(folder.Sub(RunningServerOptions.FileName)).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void Command_does_not_create_a_database_for_a_stopped_server_whose_database_is_configured_elsewhere()
    {
        using var folder = TempFolder.Create();
        var data = new DataFolder(folder.Path);
        var configuration = Configuration(("Database:ConnectionString", Other));
        RunningServerOptions.Write(data, configuration);
        RunningServerOptions.Clear(data, configuration);

        Should.Throw<StartException>(() => ServerConfiguration.ReadForCommand(data)).Message.ShouldContain("Database__ConnectionString");
        File.ReadAllText(folder.Sub(RunningServerOptions.FileName)).ShouldNotContain("secret");

        RunningServerOptions.Write(data, Configuration());
        RunningServerOptions.Clear(data, Configuration());
        ServerConfiguration.ReadForCommand(data)["Database:ConnectionString"].ShouldBeNull("its next server had none");
    }

    [Fact]
    public void Unreadable_configuration_of_a_server_is_an_error()
    {
        using var folder = TempFolder.Create();
        File.WriteAllText(folder.Sub(RunningServerOptions.FileName), "{");

        Should.Throw<StartException>(() => ServerConfiguration.ReadForCommand(new DataFolder(folder.Path))).Message
            .ShouldContain("cannot be read");
    }

    [Fact]
    public void Thread_pool_has_threads_left_when_every_database_connection_blocks_one()
    {
        ThreadPoolMinimum.Apply();

        ThreadPool.GetMinThreads(out var workers, out _);
        workers.ShouldBeGreaterThanOrEqualTo(ServerDatabase.MaxConnections + ThreadPoolMinimum.Unblocked);
    }

    private static IConfigurationRoot Configuration(params (string Key, string Value)[] options) =>
        new ConfigurationBuilder().AddInMemoryCollection(options.Select(o => KeyValuePair.Create(o.Key, (string?)o.Value))).Build();
}
