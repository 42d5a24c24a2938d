using System.Text.Json;
using Broadcast.Control.Database;
using Broadcast.Media;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>control-bare DATA</c>: what an API could be at most on this machine: the same web server with a constant answer, with one <c>SELECT 1</c> for each request, and with one row that is changed for each
/// request. PostgreSQL is made, started and asked as the product does it. No one is asked who they are, nothing is checked, nothing is told to anybody.
/// </summary>
internal static class BareHost
{
    /// <summary>First argument that asks for it.</summary>
    public const string Command = "control-bare";

    // As long as what the API says of a channel.
    private static readonly string Answer = JsonSerializer.Serialize(new { name = "bench-1", filler = new string('x', 380) });

    /// <summary>Starts it in a process of its own, on the server's core, and with it its PostgreSQL.</summary>
    /// <param name="data">A new folder.</param>
    public static ChildProcess Start(string data) => ChildProcess.Start(
        "taskset",
        ["-c", Cores.Server, "dotnet", "exec", "--runtimeconfig", Path.ChangeExtension(Repository.ServerProgram(), ".runtimeconfig.json"), typeof(BareHost).Assembly.Location, Command, data]);

    /// <summary>Serves until told to stop; says where on a line of JSON.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not [var data])
        {
            await Console.Error.WriteLineAsync($"usage: {Command} FOLDER");
            return 1;
        }

        await using var database = await ControlDatabase.OpenAsync(new DataFolder(Directory.CreateDirectory(data).FullName), new DatabaseOptions(), TimeProvider.System);
        await using (var make = database.Source.CreateCommand(
            $"CREATE TABLE bench_rows (id int PRIMARY KEY, title text NOT NULL); INSERT INTO bench_rows SELECT i, '' FROM generate_series(0, {ApiLoad.Connections - 1}) AS i"))
        {
            await make.ExecuteNonQueryAsync();
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapGet("/constant", () => Results.Text(Answer, "application/json"));
        app.MapGet("/select", async (HttpContext http) =>
        {
            await using var command = database.Source.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(http.RequestAborted);
            return Results.Text(Answer, "application/json");
        });
        app.MapPatch("/rows/{id:int}", async (int id, HttpContext http) =>
        {
            await using var command = database.Source.CreateCommand("UPDATE bench_rows SET title = $2 WHERE id = $1");
            command.Parameters.Add(new() { Value = id });
            command.Parameters.Add(new() { Value = $"bench {TimeProvider.System.GetTimestamp()}" });
            await command.ExecuteNonQueryAsync(http.RequestAborted);
            return Results.Text(Answer, "application/json");
        });
        await app.StartAsync();
        Console.WriteLine(JsonSerializer.Serialize(new { http = app.Urls.Single() }));
        await app.WaitForShutdownAsync();
        return 0;
    }
}
