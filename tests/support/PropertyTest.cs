using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace Broadcast.Testing;

/// <summary>Configuration of property tests.</summary>
public static class PropertyTest
{
    private const string Variable = "BROADCAST_TEST_SEED";

    /// <summary>
    /// Throws on failure. Generates the same values in each run, so that a failure always comes from a change of code. A number in
    /// <c>BROADCAST_TEST_SEED</c> selects other values; <c>random</c> selects new values in each run.
    /// </summary>
    public static Config Config { get; } = Environment.GetEnvironmentVariable(Variable) switch
    {
        "random" => Config.QuickThrowOnFailure,
        var seed => Config.QuickThrowOnFailure.WithReplay(
            FSharpOption<Replay>.Some(new Replay(new Rnd(ulong.Parse(seed ?? "1", CultureInfo.InvariantCulture)), FSharpOption<int>.None))),
    };
}
