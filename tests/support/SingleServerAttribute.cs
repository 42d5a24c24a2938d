using System.Reflection;
using Xunit.v3;

namespace Broadcast.Testing;

/// <summary>Marks tests that make no sense with a second server. With <c>./broadcast test --cluster</c> they are skipped.</summary>
/// <param name="reason">Reason, as a sentence.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class SingleServerAttribute(string reason) : BeforeAfterTestAttribute
{
    /// <summary>Reason, as a sentence.</summary>
    public string Reason => reason;

    /// <inheritdoc/>
    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (SecondServer.IsRequested)
        {
            throw new InvalidOperationException(DynamicSkipToken.Value + reason);
        }
    }
}
